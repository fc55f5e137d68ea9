import assert from "node:assert/strict";
import { test } from "node:test";
import { TestClient } from "@mini/core/testing";
import { makeApp } from "../src/app.ts";

test("a product is in the cart of the visitor who put it there, as text", async () => {
  const app = makeApp({ secretKey: "a key for tests, long enough to sign" });
  const visitor = new TestClient(app);
  await visitor.get("/cart?add-product=%3Cb%3Efoo%3C/b%3E");
  assert.match(await (await visitor.get("/cart")).text(), /Products in cart: &lt;b&gt;foo&lt;\/b&gt;</);

  const other = new TestClient(app);
  assert.match(await (await other.get("/cart")).text(), /The cart is empty/);
});
