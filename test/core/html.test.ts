import { escapeHtml, Html, html, raw } from "@mini/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

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
    expect(html`${JSON.parse('{"markup":"<b>"}')}`.markup).not.toContain("<b>");
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
