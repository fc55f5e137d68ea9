import type { FlashMessage, OwnedSession } from "@mini/session";
import { type Html, html } from "./html.ts";
import { type Cart, products } from "./products.ts";
import type { User } from "./users.ts";

export interface Page {
  readonly title: string;
  readonly content: Html;
  readonly cart?: Cart | undefined;
  readonly user?: User | undefined;
  readonly messages?: readonly FlashMessage[];
}

/** A whole page, as text. */
export function layout({ title, content, cart = {}, user, messages = [] }: Page): string {
  const count = Object.values(cart).reduce((sum, each) => sum + each, 0);
  return String(html`<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>${title} · Tea shop</title>
  <link rel="icon" type="image/svg+xml" href="/icon.svg">
  <link rel="stylesheet" href="/style.css">
</head>
<body>
  <header>
    <p class="brand"><a href="/">Tea shop</a></p>
    <nav aria-label="Pages">
      <a href="/cart">Cart${count > 0 && html` <span class="badge">${count}</span>`}</a>
      ${user === undefined ? html`<a href="/log-in">Log in</a> <a href="/sign-up">Sign up</a>` : forMembers(user)}
    </nav>
  </header>
  <main>
    ${messages.length > 0 && html`<div role="status">${messages.map(({ message, level }) => html`<p class="message ${level}">${message}</p>`)}</div>`}
    <h1>${title}</h1>
    ${content}
  </main>
</body>
</html>
`);
}

const forMembers = ({ name }: User) => html`<a href="/devices">Devices</a>
      <form method="post" action="/log-out"><button class="plain">Log out ${name}</button></form>`;

const euros = new Intl.NumberFormat("en-IE", { style: "currency", currency: "EUR" });

export const shopPage = () =>
  html`<ul class="cards">${products.map(
    ({ id, name, about, cents }) => html`<li class="card">
      <h2>${name} <span class="quiet">${euros.format(cents / 100)}</span></h2>
      <p>${about}</p>
      <form method="post" action="/cart/add"><button name="product" value="${id}">Add<span class="unseen"> ${name}</span> to the cart</button></form>
    </li>`,
  )}</ul>`;

export function cartPage(cart: Cart = {}) {
  const chosen = products.flatMap((product) => (cart[product.id] === undefined ? [] : [{ ...product, count: cart[product.id]! }]));
  if (chosen.length === 0) return html`<p>It is empty. <a href="/">Have a look round.</a></p>`;
  const total = chosen.reduce((sum, { count, cents }) => sum + count * cents, 0);
  return html`<table>
    <thead><tr><th scope="col">Product</th> <th scope="col">Pieces</th> <th scope="col">Price</th> <td></td></tr></thead>
    <tbody>${chosen.map(
      ({ id, name, count, cents }) => html`<tr>
        <th scope="row">${name}</th> <td>${count}</td> <td>${euros.format((count * cents) / 100)}</td>
        <td><form method="post" action="/cart/remove"><button class="plain" name="product" value="${id}">Remove<span class="unseen"> ${name}</span></button></form></td>
      </tr>`,
    )}</tbody>
    <tfoot><tr><th scope="row" colspan="2">Total</th> <td>${euros.format(total / 100)}</td> <td></td></tr></tfoot>
  </table>`;
}

/** The form to log in or to sign up. A refused form keeps the name, and says why. */
export const accountPage = (kind: "log-in" | "sign-up", name = "", problem?: string) => html`<form method="post" class="narrow">
    ${problem !== undefined && html`<p class="message error" role="alert">${problem}</p>`}
    <label for="name">Name</label>
    <input id="name" name="name" value="${name}" required maxlength="30" autocomplete="username" autocapitalize="none" spellcheck="false">
    <label for="password">Password ${kind === "sign-up" && html`<small>10 characters or more; a few words are easy to remember</small>`}</label>
    <input id="password" name="password" type="password" required maxlength="200" autocomplete="${kind === "log-in" ? "current-password" : "new-password"}">
    <button class="primary">${kind === "log-in" ? "Log in" : "Sign up"}</button>
  </form>`;

const format = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });

export const devicesPage = (sessions: readonly OwnedSession[]) => html`<p>You are logged in here. Log out what you do not know.</p>
  <ul class="cards">${sessions.map(
    ({ handle, createdAt, current, data: { browser } }) => html`<li class="card">
      <h2>${browser} ${current && html`<span class="badge">This device</span>`}</h2>
      <p class="quiet">Logged in ${format.format(createdAt)} UTC</p>
      ${!current && html`<form method="post"><button name="handle" value="${handle}">Log out<span class="unseen"> ${browser}</span></button></form>`}
    </li>`,
  )}</ul>
  <form method="post"><button>Log out everywhere</button></form>`;
