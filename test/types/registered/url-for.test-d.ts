// Checked by the compiler alone, as a program of its own: its rules are registered.
import { App, urlFor } from "@mini/core";
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
// @ts-expect-error a parameter is no list
urlFor("article", { year: ["2024"], slug: "a" });
// @ts-expect-error a wildcard is a list
urlFor("files", { path: "a/b" });
// @ts-expect-error a parameter is no object
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
