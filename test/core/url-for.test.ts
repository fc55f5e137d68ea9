import { describe, expect, test } from "vitest";
import { App, BuildError, html, LocalError, request, RequestHandler, Rule, urlFor } from "@mini/core";
import { runInRequest, TestClient } from "@mini/core/testing";

class Page extends RequestHandler {
  get() {
    return html`${urlFor("page", { id: 5, q: "x" })} ${urlFor("home", {}, { absolute: true })} ${request.path}`;
  }
}

const app = new App({
  rules: [new Rule("/", { endpoint: "home", handler: Page }), new Rule("/page/:id", { endpoint: "page", handler: Page })] as const,
});

describe("urlFor", () => {
  test("builds URLs of the running request's app", async () => {
    const response = await new TestClient(app).get("/page/1");
    expect(await response.text()).toBe("/page/5?q=x http://localhost/ /page/1");
  });

  test("throws outside a request, where app.urlFor works", () => {
    expect(() => urlFor("home")).toThrow(LocalError);
    expect(() => urlFor("home")).toThrow("Cannot build a URL: no request is running here");
    expect(app.urlFor("page", { id: 1 })).toBe("/page/1");
    expect(() => app.urlFor("home", {}, { absolute: true })).toThrow(BuildError);
    expect(app.urlFor("home", {}, { host: "example.org", scheme: "https" })).toBe("https://example.org/");
  });

  test("suggests the endpoint with the most similar name", () => {
    runInRequest(app, "/", () => {
      expect(() => urlFor("pgae")).toThrow('did you mean "page"?');
    });
  });
});
