import { honoSessions } from "@mini/session/fetch";
import { Hono } from "hono";
import { csrf } from "hono/csrf";
import { html } from "hono/html";
import { page, type Theme } from "./page.ts";

const products = ["apple", "bread", "cheese"] as const;

interface Data {
  cart: string[];
  name: string;
  theme: Theme;
}

/** The site. Sessions are in encrypted cookies, so it needs no server of its own for them. */
export function makeApp(secretKey: string): Hono {
  const app = new Hono();
  app.use(csrf());
  app.use(honoSessions({ secretKey, encrypt: true, maxAge: 14 * 24 * 3600 }));

  app.get("/", async (c) => {
    const session = await c.var.sessionStore.getSession<Data>();
    const cart = session.get("cart") ?? [];
    const name = session.get("name");
    return c.html(
      page({
        theme: session.get("theme"),
        messages: (await session.getFlashes()).map(({ message }) => message),
        content: html`
          <p>${name === undefined ? "You are not logged in." : html`Hello, <b>${name}</b>.`}</p>
          ${
            name === undefined
              ? html`<form method="post" action="/log-in"><label>Name <input name="name" required maxlength="40"></label> <button>Log in</button></form>`
              : html`<form method="post" action="/log-out"><button>Log out</button></form>`
          }
          <h2>Cart</h2>
          <p id="cart">${cart.length === 0 ? "The cart is empty." : cart.join(", ")}</p>
          <form method="post" action="/cart">
            ${products.map((product) => html`<button name="product" value="${product}">Add ${product}</button> `)}
          </form>`,
      }),
    );
  });

  app.post("/cart", async (c) => {
    const { product } = await c.req.parseBody();
    if (!products.some((each) => each === product)) return c.text("There is no such product.", 400);
    const session = await c.var.sessionStore.getSession<Data>();
    session.set("cart", [...(session.get("cart") ?? []), String(product)].slice(-20));
    session.flash(`Added ${String(product)}.`);
    return c.redirect("/", 303);
  });

  app.post("/theme", async (c) => {
    const { theme } = await c.req.parseBody();
    (await c.var.sessionStore.getSession<Data>()).set("theme", theme === "dark" ? "dark" : "light");
    return c.redirect("/", 303);
  });

  // A real site checks a password here.
  app.post("/log-in", async (c) => {
    const { name } = await c.req.parseBody();
    if (typeof name !== "string" || name.trim() === "" || name.length > 40) return c.text("Give a name of at most 40 characters.", 400);
    const session = await c.var.sessionStore.getSession<Data>();
    session.regenerate();
    session.set("name", name.trim());
    session.flash("You are logged in.");
    return c.redirect("/", 303);
  });

  app.post("/log-out", async (c) => {
    await c.var.sessionStore.deleteSession();
    return c.redirect("/", 303);
  });

  return app;
}
