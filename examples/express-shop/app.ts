import { fileURLToPath } from "node:url";
import type { Session, SessionConfig } from "@mini/session";
import { nodeSessions } from "@mini/session/node";
import express, { type Express, type Request, type Response } from "express";
import { errorPage, ownFormsOnly, Refusal } from "./errors.ts";
import type { Html } from "./html.ts";
import { accountPage, cartPage, devicesPage, layout, shopPage } from "./pages.ts";
import { type Cart, products } from "./products.ts";
import type { User, Users } from "./users.ts";

declare module "@mini/session" {
  interface SessionData {
    cart: Cart;
    userId: number;
    /** For the list of devices: `Firefox on Linux`. */
    browser: string;
  }
}

/** The secret key, the backend, and other settings of sessions instead of those below. */
export interface Parts extends SessionConfig {
  readonly users: Users;
  /** Which proxies may tell the scheme and the host of a client: the setting of Express. */
  readonly trustProxy: string;
}

const month = 30 * 24 * 60 * 60;
const headers = {
  "cache-control": "no-store", // after a log-out, "back" must not show a page
  "content-security-policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  "referrer-policy": "same-origin",
  "x-content-type-options": "nosniff",
};

export function makeShop({ users, trustProxy, ...settings }: Parts): Express {
  const app = express();
  app.disable("x-powered-by");
  app.set("trust proxy", trustProxy); // a cookie is Secure when `req.secure` is true
  app.use(express.static(fileURLToPath(new URL("public", import.meta.url))));
  app.use((_req, res, next) => {
    res.set(headers);
    next();
  });
  app.use(ownFormsOnly, express.urlencoded({ extended: false }));
  app.use(nodeSessions({ maxAge: month, cookie: { maxAge: month, sameSite: "lax" }, ...settings }));

  /** Sends a page, with what the session has for every page. */
  async function show(req: Request, res: Response, title: string, content: Html): Promise<void> {
    const session = await req.session;
    const [cart, user] = [session.get("cart"), users.find(session.get("userId"))];
    res.send(layout({ title, content, cart, user, messages: await session.getFlashes() }));
  }

  app.get("/", (req, res) => show(req, res, "Everything for tea", shopPage()));
  app.get("/cart", async (req, res) => show(req, res, "Your cart", cartPage((await req.session).get("cart"))));

  app.post("/cart/add", async (req, res) => {
    const { id, name } = productOf(req);
    const session = await req.session;
    // If another tab changes the cart in the meantime, `update` runs again on the newest cart. With get() and set(), one change
    // would be lost.
    session.update("cart", (cart = {}) => ({ ...cart, [id]: (cart[id] ?? 0) + 1 }));
    session.flash(`${name}: in your cart.`, "success");
    res.redirect(303, "/");
  });

  app.post("/cart/remove", async (req, res) => {
    const { id, name } = productOf(req);
    const session = await req.session;
    session.update("cart", ({ [id]: _removed, ...others }: Cart = {}) => others);
    session.flash(`${name}: no longer in your cart.`);
    res.redirect(303, "/cart");
  });

  for (const kind of ["log-in", "sign-up"] as const) {
    const title = kind === "log-in" ? "Log in" : "Sign up";
    app.get(`/${kind}`, (req, res) => show(req, res, title, accountPage(kind)));
    app.post(`/${kind}`, async (req, res) => {
      const [name, password] = [field(req, "name"), field(req, "password")];
      const user = await (kind === "log-in" ? users.check(name, password) : users.add(name, password));
      if (!("problem" in user)) return logIn(req, res, user);
      await show(req, res.status(user.status), title, accountPage(kind, name, user.problem));
    });
  }

  app.post("/log-out", async (req, res) => {
    await req.sessionStore.deleteSession(); // no request of another tab that is still running brings it back
    (await req.session).flash("You are logged out."); // in a new session
    res.redirect(303, "/");
  });

  app.get("/devices", async (req, res) => {
    const { owner } = await req.session;
    if (owner === undefined) return res.redirect(303, "/log-in");
    await show(req, res, "Your devices", devicesPage(await req.sessionStore.listSessions(owner)));
  });

  /** Logs out one device, or all of them. */
  app.post("/devices", async (req, res) => {
    const { owner } = await req.session;
    const handle = field(req, "handle");
    if (owner === undefined) return res.redirect(303, "/log-in");
    if (handle !== "") await req.sessionStore.revoke(owner, handle);
    else {
      await req.sessionStore.revokeAll(owner);
      await req.sessionStore.deleteSession();
    }
    (await req.session).flash(handle === "" ? "You are logged out everywhere." : "The device is logged out.", "success");
    res.redirect(303, "/devices");
  });

  app.use(() => {
    throw new Refusal(404, "There is no such page.");
  });
  app.use(errorPage);
  return app;
}

/** Gives the session to a user, with a new id. Only a cart from before the log-in is kept. */
async function logIn(req: Request, res: Response, { id, name }: User): Promise<void> {
  const session: Session = await req.session;
  const owner = `user:${id}`;
  session.regenerate({ owner, keep: session.owner === undefined || session.owner === owner ? ["cart"] : [] });
  // Most browsers name others, too, so the order matters.
  const userAgent = req.get("user-agent") ?? "";
  const [browser] = /Edg|OPR|Firefox|Chrome|Safari|curl/.exec(userAgent) ?? ["Unknown browser"];
  const [system] = /Android|iPhone|iPad|Windows|Mac OS|CrOS|Linux/.exec(userAgent) ?? ["an unknown system"];
  session.assign({ userId: id, browser: `${browser} on ${system}` });
  session.flash(`Hello, ${name}.`, "success");
  res.redirect(303, "/cart");
}

/** A field of a form; `""` unless it was sent exactly once. */
function field({ body }: Request, name: string): string {
  const value = (body as Readonly<Record<string, unknown>> | undefined)?.[name];
  return typeof value === "string" ? value : "";
}

function productOf(req: Request) {
  const product = products.find(({ id }) => id === field(req, "product"));
  if (product === undefined) throw new Refusal(404, "We do not sell this.");
  return product;
}
