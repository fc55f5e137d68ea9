import { EndpointPrefix, Host, int, Rule, Submount } from "@mini/core";
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
] as const;

declare module "@mini/core" {
  interface Register {
    rules: typeof rules;
  }
}
