import type { ErrorRequestHandler, RequestHandler } from "express";
import { html } from "./html.ts";
import { layout } from "./pages.ts";

/** An error whose message is for the visitor. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * Refuses forms of other sites. Browsers send one of these headers, so a request with neither does not come from a visitor's
 * browser.
 */
export const ownFormsOnly: RequestHandler = (req, _res, next) => {
  const own = `${req.protocol}://${req.host}`;
  const { origin = own, "sec-fetch-site": site = origin === own ? "same-origin" : "cross-site" } = req.headers;
  if (req.method === "GET" || req.method === "HEAD" || site === "same-origin") return next();
  throw new Refusal(403, "This form was sent by another site. Nothing was changed.");
};

/** The page of an error. It does not use the session, because that may be what has failed. */
export const errorPage: ErrorRequestHandler = (error: unknown, _req, res, next) => {
  if (res.headersSent) return next(error);
  const status = statusOf(error);
  if (status === 500) console.error(error);
  const reason = error instanceof Refusal ? error.message : reasonFor(status);
  const title = status < 500 ? "This did not work" : "Something is wrong on our side";
  res.status(status).send(layout({ title, content: html`<p>${reason}</p> <p><a class="button" href="/">Back to the shop</a></p>` }));
};

/**
 * Errors of Express and of sessions have a status too, such as 413 for a form that is too long and 503 if sessions cannot be
 * reached.
 */
function statusOf(error: unknown): number {
  const status = typeof error === "object" && error !== null && "status" in error ? Number(error.status) : 500;
  return status >= 400 && status < 600 ? status : 500;
}

function reasonFor(status: number): string {
  if (status < 500) return "We do not understand this request.";
  return status === 503 ? "Carts and log-ins cannot be reached at the moment. Nothing is lost: try again in a minute." : "Try again later.";
}
