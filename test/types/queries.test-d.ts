// Checked by the compiler alone: a line marked @ts-expect-error must be an error, every other line must not.
import { App, EndpointPrefix, html, RequestHandler, Rule, Submount } from "@mini/core";
import { type } from "arktype";
import * as v from "valibot";
import { z } from "zod";

const SearchQuery = z.object({ q: z.string(), page: z.coerce.number<number>().default(1) });

class Search extends RequestHandler {
  get(_args: object, { q, page }: { q: string; page: number }) {
    return html`${q} ${page.toFixed()}`;
  }
}
class Wrong extends RequestHandler {
  get(_args: object, { page }: { page: string }) {
    return html`${page}`;
  }
}
class Plain extends RequestHandler {
  get() {
    return html``;
  }
}
class User extends RequestHandler {
  get({ id }: { id: string }, { tab }: { tab: "a" | "b" }) {
    return html`${id} ${tab}`;
  }
}

const app = new App({
  rules: [
    new Rule("/search", { endpoint: "search", handler: Search, query: SearchQuery }),
    new Rule("/users/:id", { endpoint: "user", handler: User, query: v.object({ tab: v.picklist(["a", "b"]) }) }),
    new Rule("/plain", { endpoint: "plain", handler: Plain }),
    new Rule("/ignored", { endpoint: "ignored", handler: Plain, query: type({ "n?": "string" }) }),
    ...Submount("/more", EndpointPrefix("more.", [new Rule("/search", { endpoint: "search", handler: Search, query: SearchQuery })])),
  ],
});

// The input of the schema, and nothing else
app.urlFor("search", { q: "x" });
app.urlFor("search", { q: "x", page: 2 });
app.urlFor("more.search", { q: "x", page: 2 });
app.urlFor("user", { id: 1, tab: "a" });
app.urlFor("ignored");
app.urlFor("ignored", { n: "1" });
app.urlFor("plain", { anything: "else" });
// @ts-expect-error "q" is missing
app.urlFor("search");
// @ts-expect-error "q" is missing
app.urlFor("search", { page: 2 });
// @ts-expect-error "q" is text
app.urlFor("search", { q: 1 });
// @ts-expect-error "page" is a number
app.urlFor("search", { q: "x", page: "2" });
// @ts-expect-error the schema has no "sort"
app.urlFor("search", { q: "x", sort: "new" });
// @ts-expect-error "q" is missing
app.urlFor("more.search", { page: 2 });
// @ts-expect-error "tab" is "a" or "b"
app.urlFor("user", { id: 1, tab: "c" });
// @ts-expect-error "id" is missing
app.urlFor("user", { tab: "a" });

// @ts-expect-error the schema gives a number
new App({ rules: [new Rule("/search", { handler: Wrong, query: SearchQuery })] });
// @ts-expect-error the rule has no schema
new App({ rules: [new Rule("/search", { handler: Search })] });
