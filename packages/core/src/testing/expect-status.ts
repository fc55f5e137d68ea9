import { STATUS_CODES } from "node:http";
import { cut } from "../context/error-text.ts";
import { partsOf, Response } from "../http/response.ts";
import { loggedFor } from "./exchange.ts";

/** The most characters of a body that a message shows. */
const mostCharacters = 2000;

/**
 * Returns the response if it has the expected status, and throws otherwise. The message has the status, where the response
 * redirects, the errors that the application logged for the request, and the beginning of the body.
 *
 * @param response - A response of a `TestClient`, or the promise of one.
 * @throws Error for another status.
 */
export function expectStatus<Given extends globalThis.Response>(response: Given, status: number): Given;
export function expectStatus<Given extends globalThis.Response>(response: Promise<Given>, status: number): Promise<Given>;
export function expectStatus(
  response: globalThis.Response | Promise<globalThis.Response>,
  status: number,
): globalThis.Response | Promise<globalThis.Response> {
  if (response instanceof Promise) return response.then((given) => expectStatus(given, status));
  if (response.status === status) return response;
  const error = new Error(differenceOf(response, status));
  // The stack then begins at the line of the test.
  Error.captureStackTrace(error, expectStatus);
  throw error;
}

function differenceOf(response: globalThis.Response, expected: number): string {
  const location = response.headers.get("location");
  const lines = [`Expected the status ${named(expected)}, and got ${named(response.status)}.`];
  if (location !== null) lines.push(`It redirects to ${location}.`);
  for (const text of loggedFor(response)) lines.push(`Logged: ${cut(text, mostCharacters)}`);
  lines.push(bodyOf(response));
  return lines.join("\n");
}

const named = (status: number) => `${status} ${STATUS_CODES[status] ?? ""}`.trimEnd();

/** What is known about a body without reading it, so that the test can still read it. */
function bodyOf(response: globalThis.Response): string {
  const body = response instanceof Response ? partsOf(response).body : response.body;
  if (body === null || body === "") return "It has no body.";
  if (body instanceof ReadableStream) return "Its body is a stream, which was not read.";
  return `Its body: ${cut(typeof body === "string" ? body : new TextDecoder().decode(body as Uint8Array), mostCharacters)}`;
}
