import { escapeHtml, Html, html, local, raw, Rule, SecurityHeaders, text } from "@mini/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { makeApp } from "../support/one-handler.ts";

describe("html", () => {
  test("escapes every value, in text and in quoted attributes", () => {
    const hostile = `"><script>alert('1')</script>&amp;`;
    expect(html`<p title="${hostile}">${hostile}</p>`.markup).toBe(
      '<p title="&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;amp;">&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;amp;</p>',
    );
  });

  test("nests, joins arrays, and inserts nothing for undefined, null and false", () => {
    expect(html`<ul>${[1, "<", [html`<b>${"&"}</b>`, undefined]]}${undefined}${null}${false}${0}${true}</ul>`.markup).toBe(
      "<ul>1&lt;<b>&amp;</b>0true</ul>",
    );
    expect(html`${raw("<i>")}`.markup).toBe("<i>");
  });

  test("escapes objects that only look like markup", () => {
    expect(html`${{ markup: "<b>", toString: () => "<i>" }}`.markup).toBe("&lt;i&gt;");
    expect(() => html`${JSON.parse('{"markup":"<b>"}')}`).toThrow("html cannot insert an object: insert its parts");
    expect(String(html`<b>`)).toBe("<b>");
    expect(html`<b>`).toBeInstanceOf(Html);
  });

  test("escapes so that a browser reads the text back", () => {
    const entities: Record<string, string> = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'" };
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("&", "<", ">", '"', "'", "a", ";", "é") }), (text) => {
        const escaped = escapeHtml(text);
        expect(escaped).not.toMatch(/[<>"']/);
        expect(escaped.replace(/&(?:amp|lt|gt|quot|#39);/g, (entity) => entities[entity]!)).toBe(text);
      }),
      { seed: 3 },
    );
  });

  test("with a status and headers is a response", async () => {
    const response = html.response(html`<p>`, { status: 201, headers: { "x-a": "1" } });
    expect([response.status, response.headers.get("content-type"), response.headers.get("x-a"), await response.text()]).toEqual([
      201,
      "text/html; charset=utf-8",
      "1",
      "<p>",
    ]);
  });
});

describe("html refuses values that have no text, and says what and where:", () => {
  const values: readonly (readonly [what: string, value: unknown, problem: string])[] = [
    ["a promise", Promise.resolve("x"), "a promise: await it"],
    ["a plain object", { a: 1 }, "an object: insert its parts"],
    ["an object without a prototype", Object.create(null), "an object: insert its parts"],
    ["an object whose toString is not a function", { toString: "x" }, "an object: insert its parts"],
    ["a map", new Map(), "an object: insert its parts"],
    ["an iterator", [1].values(), "an object: insert its parts"],
    ["a function", () => "x", "a function: call it"],
    ["a class", class {}, "a function: call it"],
    ["a symbol", Symbol("x"), "a symbol"],
    ["a response", text("x"), "a response: insert its markup"],
    ["a response of fetch", new globalThis.Response("x"), "a response: insert its markup"],
  ];

  test.each(values)("%s", (_what, value, problem) => {
    const place = 'after "<p>The name is "';
    expect(() => html`<p>The name is ${value}</p>`).toThrow(new TypeError(`html cannot insert ${problem} (${place}).`));
    expect(() => html`<ul>${["a", ["b", value]]}</ul>`).toThrow(`html cannot insert ${problem} (after "<ul>").`);
  });

  test("values that have a text are inserted", () => {
    const inserted = [
      1,
      1n,
      true,
      new Date(0).getTime(),
      new URL("http://a/?b&c"),
      new RangeError("<no>"),
      { toString: () => "<own>" },
    ] as const;
    expect(html`${inserted.map((each) => html`${each},`)}`.markup).toBe("1,1,true,0,http://a/?b&amp;c,RangeError: &lt;no&gt;,&lt;own&gt;,");
  });
});

describe("html refuses the value of an attribute without quotes:", () => {
  const x = "x onclick=alert(1)";
  test.each<[string, () => Html, string]>([
    ["alone", () => html`<a href=${x}>a</a>`, "href"],
    ["after a blank", () => html`<a href= ${x}>a</a>`, "href"],
    ["behind text", () => html`<a href=/users/${x}>a</a>`, "href"],
    ["the second one", () => html`<a class="b" title='${x}' id=${x}>a</a>`, "id"],
    ["in a second value", () => html`<a href="${x}" class=${x}></a>`, "class"],
    ["in a script tag", () => html`<script src=${x}></script>`, "src"],
    ["after a comment", () => html`<!-- a="${x}" --><a href=${x}>`, "href"],
    ["after raw text", () => html`<script>a<b</script><a href=${x}>`, "href"],
    ["in capitals", () => html`<A HREF=${x}>`, "href"],
    [
      "over lines",
      () => html`<a
      href=${x}>`,
      "href",
    ],
  ])("%s", (_what, make, name) => {
    expect(make).toThrow(`html cannot insert the value of an attribute without quotes (after `);
    expect(make).toThrow(`write ${name}="\${...}".`);
  });

  test.each<[string, () => Html, string]>([
    ["text that has an equals sign", () => html`a=${"b"}`, "a=b"],
    ["text behind a sign that begins no tag", () => html`1 < 2 a=${"b"}`, "1 < 2 a=b"],
    ["attributes that are markup", () => html`<input ${html`name="${"a"}"`}>`, '<input name="a">'],
    ["attributes that are left out", () => html`<details${raw(" open")} ${false}>`, "<details open >"],
    ["a value that ends with an equals sign", () => html`<a href="?a=${"b"}">`, '<a href="?a=b">'],
    ["a sign inside quotes", () => html`<a title="a>b=${"c"}" id='${"d"}'>`, `<a title="a>b=c" id='d'>`],
    ["a bare value before it", () => html`<a id=a title="${"b"}">`, '<a id=a title="b">'],
    ["a comment", () => html`<!-- a=${"b"} -->`, "<!-- a=b -->"],
    ["a style", () => html`<style>a[b=${"c"}]{}</style>`, "<style>a[b=c]{}</style>"],
    ["the text of a title", () => html`<title>a <b c=${"d"}</title>`, "<title>a <b c=d</title>"],
  ])("and takes %s", (_what, make, markup) => {
    expect(make().markup).toBe(markup);
  });
});

describe("The nonce of the policy", () => {
  const config = { securityHeaders: { "content-security-policy": "default-src 'self'; script-src 'self' 'nonce'; style-src 'nonce'" } };
  const ask = async (work: () => unknown, options: object = { config }) => {
    const response = await makeApp(work, { middleware: [SecurityHeaders], ...options } as object).get();
    return { policy: response.headers.get("content-security-policy")!, page: await response.text(), status: response.status };
  };

  test("is in the policy, in local and on each script and style of a template, another one for each request", async () => {
    const work = () => html`<style>a{}</style><script src="/a.js"></script><SCRIPT type="${"module"}">b</SCRIPT><p>${local.cspNonce}</p>`;
    const [one, two] = [await ask(work), await ask(work)];
    const nonce = /<p>([^<]{24,})</.exec(one.page)![1]!;
    expect(one.policy).toBe(`default-src 'self'; script-src 'self' 'nonce-${nonce}'; style-src 'nonce-${nonce}'`);
    expect(one.page).toBe(
      `<style nonce="${nonce}">a{}</style><script nonce="${nonce}" src="/a.js"></script><SCRIPT nonce="${nonce}" type="module">b</SCRIPT><p>${nonce}</p>`,
    );
    expect(two.policy).not.toBe(one.policy);
  });

  test("is not on what a visitor wrote, on markup in a script, in a comment or on a tag that has one", async () => {
    const visitor = "<script>alert(1)</script>";
    const { page } = await ask(
      () =>
        html`${visitor}${raw("<script>raw</script>")}<!-- <script> --><textarea><style></textarea><script nonce="own">"<style>"</script><scripts>`,
    );
    expect(page).toBe(
      `&lt;script&gt;alert(1)&lt;/script&gt;<script>raw</script><!-- <script> --><textarea><style></textarea><script nonce="own">"<style>"</script><scripts>`,
    );
  });

  test("is made only for a policy that contains it", async () => {
    const { page, policy } = await ask(() => html`<script>a</script>${String("cspNonce" in local)}`, {});
    expect(page).toBe("<script>a</script>false");
    expect(policy).not.toContain("nonce");
  });

  test("is not in the policy of a response that was made before it", async () => {
    const { app } = makeApp(() => text("a"), {
      middleware: [SecurityHeaders],
      config,
      rules: [new Rule("/a/", { redirectTo: "/" })],
    } as object);
    const { headers } = await app.fetch(new Request("http://localhost/a"));
    expect(headers.get("content-security-policy")).toBe("default-src 'self'; script-src 'self'; style-src");
  });
});
