import { html, local, redirect, request, RequestHandler, Response, seeOther, urlFor } from "@mini/core";
import type { Html } from "@mini/core";
import { SessionMiddleware, SessionMixin } from "@mini/session";
import { page } from "./layout.ts";
import { styles } from "./styles.ts";

declare module "@mini/session" {
  interface SessionData {
    foo: string;
    products: string[];
  }
}

export class BasicSessionHandler extends SessionMixin(RequestHandler) {
  static override middleware = [SessionMiddleware];

  async get() {
    const session = await this.session;
    const value = session.get("foo");
    if (value) {
      return page(
        "Session",
        html`<p class="result">Session has a value stored for "foo": ${value}</p>
          <p>It came back in a signed cookie. This page only read it, so nothing was sent again.</p>
          <p class="row">
            <a class="button" href="${urlFor("sessions/delete", { redirect: request.url })}">Delete the session</a>
            <a class="button" href="${urlFor("sessions/clear")}">Empty the session</a>
          </p>`,
      );
    }
    session.set("foo", "bar");
    return page(
      "Session",
      html`<p class="result">Session was not set!</p>
        <p>It is now: this answer carries its cookie.</p>
        <p><a class="button" href="${urlFor("home")}">Load the page again</a></p>`,
    );
  }
}

export class ShoppingCartHandler extends SessionMixin(RequestHandler) {
  static override middleware = [SessionMiddleware];

  async get() {
    const session = await this.session;
    const toAdd = request.args.get("add-product");
    if (toAdd !== null) session.setDefault("products", []).push(toAdd); // changes inside a value are saved too
    const products = session.get("products") ?? [];
    const index = products.indexOf(request.args.get("remove-product") ?? "");
    if (index !== -1) products.splice(index, 1);
    if (products.length === 0) return page("Cart", html`<p class="result">The cart is empty.</p> ${shelf()}`);
    return page(
      "Cart",
      html`<p class="result">Products in cart: ${products.join(", ")}</p>
        ${shelf()}
        ${basket(products)}
        <p><a class="button" href="${urlFor("sessions/delete", { redirect: urlFor("sessions/cart") })}">Clear the cart</a></p>`,
    );
  }
}

export class DeleteSessionHandler extends RequestHandler {
  static override middleware = [SessionMiddleware];

  async get() {
    await local.sessionStore.deleteSession(); // clear() would keep an empty session
    return redirect(request.args.get("redirect") ?? urlFor("home")); // off-site targets are refused
  }
}

export class ClearSessionHandler extends SessionMixin(RequestHandler) {
  static override middleware = [SessionMiddleware];

  async get() {
    const session = await this.session;
    if (session.isNew) return page("Empty session", html`<p class="result">There is no session to empty.</p>`);
    session.clear(); // deleteSession() would end it
    return page(
      "Empty session",
      html`<p class="result">The session is empty.</p>
        <p>It has not ended: its cookie stays, with nothing in it.</p>
        <p><a class="button" href="${urlFor("sessions/delete", { redirect: urlFor("sessions/clear") })}">Delete the session</a></p>`,
    );
  }
}

const levels = ["info", "success", "warning", "error"];
const longest = 200;

export class FlashHandler extends SessionMixin(RequestHandler) {
  static override middleware = [SessionMiddleware];

  async get() {
    const session = await this.session;
    const flashes = await session.getFlashes();
    const items = flashes.map(({ message, level }) => html`<li class="${level}"><b>${level}</b> ${message}</li>`);
    const choices = levels.map(
      (level, index) => html`<label><input type="radio" name="level" value="${level}"${index === 0 && html` checked`}> ${level}</label>`,
    );
    return page(
      "Flash",
      html`${items.length > 0 && html`<div role="status"><ul class="flashes">${items}</ul></div>`}
        <p>A flash message waits in the session until a page shows it, once.</p>
        <form method="post" action="${urlFor("sessions/flash")}">
          <label class="field">Message <input name="message" required maxlength="${longest}" autocomplete="off"></label>
          <fieldset><legend>Level</legend>${choices}</fieldset>
          <button class="primary">Send the message</button>
        </form>`,
    );
  }

  async post() {
    const form = await request.formData();
    const message = String(form.get("message") ?? "").trim();
    const level = String(form.get("level") ?? "");
    const session = await this.session;
    if (message === "" || message.length > longest) session.flash(`A message has 1 to ${longest} characters.`, "error");
    else session.flash(message, levels.includes(level) ? level : "info");
    return seeOther(urlFor("sessions/flash"));
  }
}

export class StyleHandler extends RequestHandler {
  get() {
    return new Response(styles, { headers: { "content-type": "text/css; charset=utf-8" } });
  }
}

/** Buttons that lead to `/cart?add-product=...` */
function shelf(): Html {
  const buttons = ["foo", "bar", "baz"].map(
    (product) => html`<button class="primary" name="add-product" value="${product}">Add ${product}</button> `,
  );
  return html`<h2>Put into the cart</h2>
    <form class="row" action="${urlFor("sessions/cart")}">${buttons}</form>
    <form class="row" action="${urlFor("sessions/cart")}">
      <label class="field">Another product <input name="add-product" required maxlength="40" autocomplete="off"></label>
      <button>Add</button>
    </form>`;
}

/** Buttons that lead to `/cart?remove-product=...` */
function basket(products: readonly string[]): Html {
  const buttons = [...new Set(products)].map(
    (product) => html`<button name="remove-product" value="${product}">Remove ${product}</button> `,
  );
  return html`<h2>Take out of the cart</h2>
    <form class="row" action="${urlFor("sessions/cart")}">${buttons}</form>`;
}
