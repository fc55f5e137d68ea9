/** The script of the inspector's page. It inserts values as text, never as markup. */
export const script = String.raw`
  const at = (id) => document.getElementById(id);
  const make = (name, text, className) => {
    const element = document.createElement(name);
    if (text !== undefined) element.textContent = text;
    if (className !== undefined) element.className = className;
    return element;
  };
  const entries = new Map();
  let isPaused = false, held = [];

  function add(entry) {
    entries.set(entry.number, entry);
    if (entries.size > 200) { const first = entries.keys().next().value; entries.delete(first); document.querySelector("[data-n='" + first + "']")?.parentElement.remove(); }
    const row = make("li");
    const button = make("button");
    button.type = "button";
    button.dataset.n = entry.number;
    button.append(make("span", entry.status, "status s" + Math.floor(entry.status / 100)), make("span", entry.method), make("span", entry.path + entry.query, "path"), make("span", time(entry.ms), "number"));
    button.addEventListener("click", () => choose(entry.number));
    row.append(button);
    row.hidden = !fits(entry);
    at("entries").prepend(row);
    at("empty").hidden = true;
  }

  const time = (ms) => (ms < 10 ? ms.toFixed(1) : Math.round(ms)) + " ms";
  const fits = (entry) => (entry.status + " " + entry.method + " " + entry.path).toLowerCase().includes(at("filter").value.trim().toLowerCase());
  const title = (text) => make("h2", text);

  function facts(pairs) {
    const list = make("dl");
    for (const [name, value] of pairs) if (value !== undefined && value !== "") list.append(make("dt", name), make("dd", value));
    return list;
  }

  function table(head, rows) {
    const box = make("div", undefined, "scroll"), all = make("table"), top = make("tr"), body = make("tbody");
    for (const each of head) top.append(make("th", each));
    for (const row of rows) {
      const line = make("tr");
      for (const cell of row) { const data = make("td"); data.append(cell instanceof Node ? cell : make("pre", cell)); line.append(data); }
      body.append(line);
    }
    const holder = make("thead");
    holder.append(top);
    all.append(holder, body);
    box.append(all);
    return box;
  }

  function waterfall(entry) {
    const box = make("div", undefined, "fall");
    const whole = Math.max(entry.ms, 0.01);
    for (const span of entry.spans) {
      const lane = make("div", undefined, "lane"), bar = make("span", undefined, span.error === undefined ? "bar" : "bar failed");
      bar.style.left = Math.min(100, (span.from / whole) * 100) + "%";
      bar.style.width = Math.max(0, (((span.to ?? entry.ms) - span.from) / whole) * 100) + "%";
      lane.append(bar);
      const what = make("span", undefined, "what");
      // A long name is broken after a dot, not inside a word.
      for (const part of span.label.split(/(?<=\.)/)) what.append(part, make("wbr"));
      box.append(what, lane, make("span", span.to === undefined ? "not ended" : span.to === span.from ? "" : time(span.to - span.from), "number"));
      const text = span.details.map(([name, value]) => name + ": " + value).concat(span.error === undefined ? [] : [span.error.split("\n")[0]]).join(" · ");
      if (text !== "") box.append(make("p", text, "details"));
    }
    return box;
  }

  function show(entry) {
    const detail = at("detail");
    const all = [make("h2", entry.method + " " + entry.path + entry.query, "title path")];
    all.push(facts([["Status", entry.status], ["Time", time(entry.ms)], ["At", new Date(entry.at).toLocaleTimeString()], ["Request id", entry.id], ["Rule", entry.rule ?? "none"], ["Endpoint", entry.endpoint]]));
    if (entry.error !== undefined) {
      all.push(title("Error"), make("p", entry.error.split("\n")[0], "error"));
      for (const { text, lines } of entry.calls) {
        const source = make("pre", undefined, "source");
        for (const { number, text: line, isCall } of lines) source.append(make(isCall ? "mark" : "span", String(number).padStart(5) + "  " + line + "\n"));
        all.push(make("p", text, "quiet path"), source);
      }
      const stack = make("details");
      stack.append(make("summary", "Causes and calls"), make("pre", entry.error, "error"));
      all.push(stack);
    }
    if (entry.spans.length > 0) all.push(title("What it did"), waterfall(entry));
    if (entry.omitted > 0) all.push(make("p", entry.omitted + " more are left out.", "quiet"));
    for (const { label, changes } of entry.spans)
      if (changes.length > 0) all.push(title("Changed by: " + label), table(["Key", "Before", "After"], changes.map(({ key, before, after }) => [key, before === "" ? "" : make("del", before), after === "" ? "" : make("ins", after)])));
    if (entry.near.length > 0) all.push(title("Rules that nearly answered"), table(["Path", "Why not"], entry.near.map(({ path, why }) => [path, why])));
    detail.replaceChildren(...all);
  }

  function choose(number) {
    for (const button of at("entries").querySelectorAll("button")) button.setAttribute("aria-current", String(Number(button.dataset.n) === number));
    show(entries.get(number));
  }

  at("entries").addEventListener("keydown", (event) => {
    const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    let row = document.activeElement.closest("li")?.[step];
    while (row?.hidden) row = row[step];
    const button = row?.querySelector("button");
    if (button) { button.focus(); choose(Number(button.dataset.n)); }
  });
  at("filter").addEventListener("input", () => {
    for (const button of at("entries").querySelectorAll("button")) button.parentElement.hidden = !fits(entries.get(Number(button.dataset.n)));
  });
  at("pause").addEventListener("click", () => {
    isPaused = !isPaused;
    at("pause").setAttribute("aria-pressed", String(isPaused));
    if (!isPaused) held.splice(0).forEach(add);
  });
  at("clear").addEventListener("click", () => {
    entries.clear();
    held = [];
    at("entries").replaceChildren();
    at("detail").replaceChildren(make("p", "Select a request.", "quiet"));
    at("empty").hidden = false;
  });
  for (const name of ["requests", "rules"]) at("show-" + name).addEventListener("click", () => {
    for (const each of ["requests", "rules"]) { at(each).hidden = each !== name; at("show-" + each).setAttribute("aria-pressed", String(each === name)); }
  });

  const source = new EventSource("/__mini/events");
  source.addEventListener("open", () => (at("state").textContent = "Live"));
  source.addEventListener("error", () => (at("state").textContent = "Cannot reach the server. Trying again …"));
  source.addEventListener("rules", ({ data }) => {
    at("rows").replaceChildren(...JSON.parse(data).map(({ methods, host, path, endpoint, handler, middleware }) => {
      const row = make("tr");
      for (const text of [methods?.join(" ") ?? "any", (host ?? "") + path, endpoint ?? "", handler, middleware.join(", ")]) { const cell = make("td"); cell.append(make("code", text)); row.append(cell); }
      return row;
    }));
  });
  source.addEventListener("request", ({ data }) => {
    const entry = JSON.parse(data);
    if (isPaused) held = [...held, entry].slice(-200);
    else add(entry);
  });
`;
