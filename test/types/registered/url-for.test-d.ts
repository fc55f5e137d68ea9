// Checked by the compiler alone, as a program of its own: its rules are registered.
import { App, urlFor } from "@mini/core";
import type { Equal, Expect } from "../../support/types.ts";
import { rules } from "./urls.ts";

new App({ rules });

urlFor("home");
urlFor("home", { page: 2, tags: ["a", null], none: undefined });
urlFor("home", {}, { absolute: true, anchor: "top" });
urlFor("article", { year: 2024, slug: "a" });
urlFor("article", { year: "2024", slug: "a", page: 5n, q: true });
urlFor("article", { year: "2024", slug: "a", page: null });
urlFor("article", { year: "2024", slug: "a", page: undefined });
urlFor("files", { path: ["a", 5] });
urlFor("shop", { category: "tea" });
urlFor("shop", { category: "tea", item: 3 });
urlFor("lazy", { id: 1 });

// @ts-expect-error no such endpoint
urlFor("nope");
// @ts-expect-error a rule without an endpoint does not make every text one
urlFor("/unnamed/:id", { id: 1 });
// @ts-expect-error arguments are missing
urlFor("article");
// @ts-expect-error slug is missing
urlFor("article", { year: 2024 });
// @ts-expect-error null is a missing argument
urlFor("article", { year: 2024, slug: null });
// @ts-expect-error a parameter is not a list
urlFor("article", { year: ["2024"], slug: "a" });
// @ts-expect-error a wildcard is a list
urlFor("files", { path: "a/b" });
// @ts-expect-error a parameter is not an object
urlFor("lazy", { id: {} });
// @ts-expect-error no such option
urlFor("home", {}, { absolut: true });

urlFor("blog/show", { id: 5 });
urlFor("tenant", { tenant: "acme" });
urlFor("tenant", { tenant: "acme", page: null });

// @ts-expect-error the endpoint has its prefix
urlFor("show", { id: 5 });
// @ts-expect-error the converter writes numbers
urlFor("blog/show", { id: "5" });
// @ts-expect-error the host has a parameter
urlFor("tenant");

// The names are exactly these
type Names = "home" | "article" | "files" | "shop" | "lazy" | "blog/show" | "tenant" | "admin/users.edit";
type MoreNames = "list" | "in" | "paged" | "out" | "old";
export type EndpointTypes = [Expect<Equal<Parameters<typeof urlFor>[0], Names | MoreNames>>];

urlFor("admin/users.edit", { section: "s", id: 1 });
urlFor("list");
urlFor("list", { page: 2 });
urlFor("in", { lang: "en" });
urlFor("in", { lang: "de", ids: [1, 2] });
urlFor("in", { lang: "de", ids: null });
urlFor("paged");
urlFor("paged", { page: 2 });
urlFor("out", { region: "eu" });
urlFor("old", { id: 1 });

// @ts-expect-error a rule without an endpoint has none inside factories either
urlFor("admin/");
// @ts-expect-error what the prefix of a Submount has is needed
urlFor("admin/users.edit", { id: 1 });
// @ts-expect-error all prefixes are in the name
urlFor("admin/edit", { section: "s", id: 1 });
// @ts-expect-error no rule of the endpoint needs so little
urlFor("shop");
// @ts-expect-error nor does it fit one of them to have the other's argument
urlFor("shop", { item: 3 });
// @ts-expect-error an argument of any of its rules has its type
urlFor("shop", { category: {}, item: 3 });
// @ts-expect-error the converter writes one of its texts
urlFor("in", { lang: "fr" });
// @ts-expect-error each segment of a wildcard is written by the converter
urlFor("in", { lang: "en", ids: ["1"] });
// @ts-expect-error an optional argument has its converter's type
urlFor("paged", { page: "2" });
// @ts-expect-error an optional argument is text or a number
urlFor("tenant", { tenant: "acme", page: {} });
// @ts-expect-error a rule that only builds URLs has a host with a parameter
urlFor("out");
// @ts-expect-error a rule that redirects has parameters
urlFor("old");
// @ts-expect-error any text is no endpoint
urlFor("home" as string);

// A name that may be one of several
declare const either: "home" | "article";
urlFor(either, { year: 2024, slug: "a" });
// @ts-expect-error it may be the one with arguments
urlFor(either);
