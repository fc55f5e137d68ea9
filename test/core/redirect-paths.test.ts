import { App, html, redirect, request, RequestHandler, Rule } from "@mini/core";
import { serve, type Server } from "@mini/core/serve";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hostileQueries, hostileTails } from "../support/hostile-paths.ts";
import { getAllRaw, readRaw, sendRaw, type RawAnswer } from "../support/raw-http.ts";

class Page extends RequestHandler {
  get() {
    return html`here`;
  }

  back() {
    return redirect(request.args.get("to") ?? "");
  }
}

const rules = [
  new Rule("/:name/", { handler: Page }),
  new Rule("/:one/:two/", { handler: Page }),
  new Rule("/a/:one/:two{/:three}/", { handler: Page }),
  new Rule("/old/*path", { redirectTo: "/*path" }),
  new Rule("/moved/:to", { redirectTo: "/:to" }),
  new Rule("/joined/*path", { redirectTo: ({ path }) => `/${path.join("/")}` }),
  new Rule("/guarded/*path", { redirectTo: ({ path }) => ` ${path.join("/")}` }),
  new Rule("/spelled/*path", { redirectTo: ({ path }) => `//${path.join("/")}` }),
  new Rule("/away/*path", { redirectTo: "https://other.example/*path" }),
  new Rule("/named/:name", { redirectTo: { endpoint: "named" } }),
  new Rule("/is/:name", { endpoint: "named", handler: Page }),
  new Rule("/paged/:name{/:page}", { handler: Page, defaults: { page: "1" } }),
  new Rule("/back/*path", { handler: Page, action: "back", methods: ["GET"] }),
  new Rule("/tenant/:tenant", { redirectTo: { endpoint: "tenant" } }),
  new Rule("/", { host: ":tenant.example.org", endpoint: "tenant", handler: Page }),
];

const logged: string[] = [];
const note = (message: string) => void logged.push(message);
const app = new App({ rules, logger: { error: note, warn: note, info: note, debug: note } });

let server: Server;
beforeAll(async () => {
  server = await serve(app, { port: 0, silent: true, gracefulShutdown: false });
});
afterAll(() => server.close());

/** Answers to the targets, none of which is an error of the server, or has more than its redirect in the head. */
async function ask(targets: readonly string[]): Promise<readonly RawAnswer[]> {
  logged.length = 0;
  const byTarget = new Map<string, RawAnswer>();
  await Promise.all(
    groups(targets).map(async (group) => {
      const answers = await getAllRaw(server.port, group);
      expect(answers, group[0]).toHaveLength(group.length);
      answers.forEach((answer, i) => byTarget.set(group[i]!, answer));
    }),
  );
  const answers = targets.map((target) => byTarget.get(target)!);
  answers.forEach((answer, i) => {
    const title = JSON.stringify([targets[i], answer.lines]);
    if (isRefused(targets[i]!)) expect(answer.status, title).toBe(400);
    expect(answer.status, title).toBeLessThan(500);
    if (answer.status < 300 || answer.status > 399) return;
    expect(answer.names.filter((name) => !["date", "connection", "keep-alive"].includes(name)).sort(), title).toEqual([
      "content-length",
      "location",
    ]);
    for (const line of answer.lines) expect(line, title).toMatch(/^[\x20-\x7e]+$/);
  });
  expect(logged).toEqual([]);
  return answers;
}

/** Whether a target has a character that no target may have, or a path a backslash: the server answers 400 and ends the connection. */
const isRefused = (target: string) => /[^\x21-\x7e]|#|^[^?]*\\/.test(target);

/** Targets for each connection: those that are refused have one of their own. */
function groups(targets: readonly string[]): readonly (readonly string[])[] {
  const others = targets.filter((target) => !isRefused(target));
  return [...(others.length === 0 ? [] : [others]), ...targets.filter(isRefused).map((target) => [target])];
}

const places = ["", "/a", "/old", "/moved", "/joined", "/guarded", "/spelled", "/named", "/paged/a", "/paged", "/back"];
const all = (place: string) =>
  hostileTails
    .filter((tail) => place !== "" || tail.startsWith("/"))
    .flatMap((tail) => hostileQueries.map((query) => place + tail + query));

describe(`of ${hostileTails.length} hostile paths with ${hostileQueries.length} queries each, over a socket,`, () => {
  test.each(places)("paths below %j lead to a path of this site", async (place) => {
    const targets = all(place);
    const answers = await ask(targets);
    const own = `http://127.0.0.1:${server.port}`;
    let redirects = 0;
    answers.forEach((answer, i) => {
      const [location] = answer.values("location");
      if (location === undefined) return;
      redirects++;
      expect(location, JSON.stringify(targets[i])).toMatch(/^\/(?![/\\])[\x21-\x7e]*$/);
      for (const base of [`${own}/`, `${own}/deep/page`, `${own}//evil.example/`]) {
        expect(new URL(location, base).origin, JSON.stringify([targets[i], location])).toBe(own);
      }
    });
    expect(redirects).toBeGreaterThan(hostileTails.length);
  });

  test("paths below a rule that names another site lead there", async () => {
    const answers = await ask(all("/away"));
    const locations = answers.flatMap((answer) => answer.values("location"));
    const away = locations.filter((location) => location.startsWith("https://other.example/"));
    expect(away.length).toBeGreaterThan(hostileTails.length);
    for (const location of away) expect(new URL(location).origin).toBe("https://other.example");
    // The slashes of "/away//" are merged first.
    for (const location of locations) if (!away.includes(location)) expect(location).toMatch(/^\/(?![/\\])[\x21-\x7e]*$/);
  });

  test("paths of a rule with a host lead to one of its hosts", async () => {
    const labels = [
      "a",
      "a%2fb",
      "a%23",
      "a%3f",
      "a%40evil",
      "a%5c",
      "a.b",
      "a%2eb",
      "%61",
      "a%3a80",
      "a%00",
      "a%20",
      "a%0d%0a",
      "%C3%A9",
      "*",
      "-",
      "%25",
    ];
    const answers = await ask([...all("/tenant"), ...labels.map((label) => `/tenant/${label}`)]);
    const locations = answers.flatMap((answer) => answer.values("location"));
    const hosts = locations.filter((location) => !location.startsWith("/"));
    for (const location of hosts) expect(new URL(location).host).toMatch(new RegExp(`^[\\w-]+\\.example\\.org:${server.port}$`));
    expect(hosts).toContain(`http://a.example.org:${server.port}/`);
  });

  test("some of them are listed as they are sent", async () => {
    const table = [
      ["//evil.example", "/evil.example/"],
      ["///evil.example?a=//b", "/evil.example/?a=//b"],
      ["/%5cevil.example", "/%5Cevil.example/"],
      ["/%2f%2fevil.example", "/%2F%2Fevil.example/"],
      ["/old//evil.example", "/evil.example"],
      ["/old/%2fevil.example", "/%2Fevil.example"],
      ["/moved/%2f%2fevil.example", "/%2F%2Fevil.example"],
      ["/joined/%2f%2fevil.example", "/evil.example"],
      ["/joined/http:/evil.example", "/http:/evil.example"],
      ["/spelled/evil.example", "/evil.example"],
      ["/spelled/%5c%09/evil.example", "/evil.example"],
      ["/named/%2f%2fevil.example", "/is/%2F%2Fevil.example"],
      ["/away/%40evil.example", "https://other.example/%40evil.example"],
      ["/paged/%2f%2fevil.example/1", "/paged/%2F%2Fevil.example"],
    ] as const;
    const answers = await ask(table.map(([target]) => target));
    expect(answers.map((answer, i) => [table[i]![0], answer.values("location")[0]])).toEqual(table.map((each) => [...each]));
  });

  test("a whole URL of another host in the first line, or another Host, gets a path", async () => {
    for (const [target, host] of [
      ["http://evil.example//old/a", "site.example"],
      ["http://evil.example\\@site.example//old/a", "site.example"],
      ["//old/a", "evil.example"],
    ]) {
      const [answer] = readRaw(await sendRaw(server.port, `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`));
      expect(answer!.values("location")[0] ?? "/", target).toMatch(/^\/(?![/\\])[\x21-\x7e]*$/);
    }
  });
});
