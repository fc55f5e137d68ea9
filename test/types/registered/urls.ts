import { EndpointPrefix, Host, int, oneOf, Rule, Submount, urlFor } from "@mini/core";
import { Article, Files, Home, Shop } from "./handlers.ts";

export const rules = [
  new Rule("/", { endpoint: "home", handler: Home }),
  new Rule("/articles/:year/:slug{/:page}", { endpoint: "article", handler: Article }),
  new Rule("/files/*path", { endpoint: "files", handler: Files }),
  new Rule("/shop/:category", { endpoint: "shop", handler: Shop }),
  new Rule("/shop/:category/:item", { endpoint: "shop", handler: Shop }),
  new Rule("/lazy/:id", { endpoint: "lazy", handler: () => import("./handlers.ts").then((m) => m.Lazy) }),
  ...EndpointPrefix("blog/", Submount("/blog", [new Rule("/:id", { endpoint: "show", handler: Home, where: { id: int } })])),
  ...Host(":tenant.example.org", [new Rule("/tenant{/:page}", { endpoint: "tenant", handler: Home, defaults: { page: "1" } })]),
  new Rule("/unnamed/:id", { handler: Home }),
  ...EndpointPrefix("admin/", [
    new Rule("/admin", { handler: Home }),
    ...EndpointPrefix("users.", Submount("/admin/:section", [new Rule("/users/:id", { endpoint: "edit", handler: Home })])),
  ]),
  new Rule("/list", { endpoint: "list", handler: Home, defaults: { page: 1 } }),
  new Rule("/list/:page", { endpoint: "list", handler: Home, where: { page: int } }),
  new Rule("/in/:lang{/*ids}", { endpoint: "in", handler: Home, where: { lang: oneOf("en", "de"), ids: int } }),
  new Rule("/paged{/:page}", { endpoint: "paged", handler: Home, where: { page: int }, defaults: { page: 1 } }),
  new Rule("/out", { endpoint: "out", buildOnly: true, host: ":region.example.org" }),
  new Rule("/old/:id", { endpoint: "old", redirectTo: "/" }),
  // urlFor() depends on the type of this list; the functions below need no annotation all the same.
  new Rule("/older/:id", { redirectTo: ({ id }) => urlFor("old", { id }) }),
  new Rule("/oldest/:id", { where: { id: int }, redirectTo: ({ id }) => `${urlFor("old", { id: id.toFixed() })}?from=oldest` }),
  ...Submount("/in/:section", [new Rule("/old/:id", { redirectTo: ({ id }) => urlFor("old", { id }) })]),
] as const;

declare module "@mini/core" {
  interface Register {
    rules: typeof rules;
  }
}
