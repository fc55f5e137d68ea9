import { abort, App, html, redirect, RequestHandler, Response, Rule, text } from "@mini/core";
import { expectStatus, TestClient } from "@mini/core/testing";
import { describe, expect, test } from "vitest";

let answer: () => Response | Promise<Response> = () => text("");
class Page extends RequestHandler {
  get() {
    return answer();
  }
}
const silent = { error() {}, warn() {}, info() {}, debug() {} };
const client = new TestClient(new App({ rules: [new Rule("/", { handler: Page })], logger: silent }));

/** The message for a response whose status is not 200. */
async function messageFor(made: () => Response | Promise<Response>): Promise<string> {
  answer = made;
  const response = await client.get("/", { headers: { accept: "application/json" } });
  try {
    expectStatus(response, 200);
  } catch (error) {
    return (error as Error).message;
  }
  return "no error";
}

describe("expectStatus", () => {
  test("returns the response if it has the status", async () => {
    answer = () => text("Hello");
    const response = await client.get("/");
    expect(expectStatus(response, 200)).toBe(response);
  });

  test("also takes the promise of a response", async () => {
    answer = () => text("Hello");
    expect(await (await expectStatus(client.get("/"), 200)).text()).toBe("Hello");
    await expect(expectStatus(client.get("/"), 404)).rejects.toThrow("Expected the status 404 Not Found, and got 200 OK.");
  });

  test("shows both statuses and the body", async () => {
    expect(await messageFor(() => html.response(html`<p>No title</p>`, { status: 422 }))).toBe(
      "Expected the status 200 OK, and got 422 Unprocessable Entity.\nIts body: <p>No title</p>",
    );
  });

  test("shows the error that was logged for the request, with its cause and stack", async () => {
    const message = await messageFor(() => {
      throw new Error("The table is gone", { cause: new Error("The disk is full") });
    });
    expect(message).toMatch(/^Expected the status 200 OK, and got 500 Internal Server Error\.\nLogged: Error: The table is gone\n {4}at /);
    expect(message).toContain("caused by Error: The disk is full");
    expect(message).toContain('Its body: {"title":"Internal Server Error"');
  });

  test("shows no error of another request", async () => {
    await messageFor(() => {
      throw new Error("The table is gone");
    });
    expect(await messageFor(() => abort(404))).toBe(
      'Expected the status 200 OK, and got 404 Not Found.\nIts body: {"title":"Not Found","status":404}',
    );
  });

  test("shows where the response redirects", async () => {
    expect(await messageFor(() => redirect("/log-in"))).toBe(
      "Expected the status 200 OK, and got 302 Found.\nIt redirects to /log-in.\nIt has no body.",
    );
  });

  test("shows the first 2000 characters of a long body", async () => {
    expect(await messageFor(() => text("x".repeat(5000), { status: 400 }))).toBe(
      `Expected the status 200 OK, and got 400 Bad Request.\nIts body: ${"x".repeat(2000)}… (3000 characters more)`,
    );
  });

  test("leaves a stream to the test", async () => {
    answer = () => new Response(new Blob(["Hello"]).stream(), { status: 400 });
    const response = await client.get("/");
    expect(() => expectStatus(response, 200)).toThrow("Its body is a stream, which was not read.");
    expect(await response.text()).toBe("Hello");
  });

  test("takes a standard response", () => {
    expect(() => expectStatus(new globalThis.Response("No", { status: 400 }), 200)).toThrow("got 400 Bad Request");
  });
});
