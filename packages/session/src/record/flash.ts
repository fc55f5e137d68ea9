import { randomBytes } from "node:crypto";
import { isPlainObject } from "./json.ts";

/** A message for the next page, as a handler sees it. */
export interface FlashMessage<Message = string> {
  readonly message: Message;
  /** Such as `info` or `error`; names a style, not a severity. */
  readonly level: string;
}

/** A message as it is kept, beside the session's data and never in it. */
export interface Flash extends FlashMessage<unknown> {
  readonly id: string;
  /** When it was added; milliseconds since the Unix epoch. */
  readonly at: number;
}

/** Most messages kept at once; past it the oldest go. */
export const mostFlashes = 20;

export function makeFlash(message: unknown, level: string, at: number): Flash {
  return { id: randomBytes(6).toString("base64url"), message, level, at };
}

/** Those that are not older than `maxAge` seconds. */
export function freshFlashes(flashes: readonly Flash[], maxAge: number, now: number): readonly Flash[] {
  return flashes.every(({ at }) => now - at <= maxAge * 1000) ? flashes : flashes.filter(({ at }) => now - at <= maxAge * 1000);
}

/** The messages of a decoded record; `undefined` when it is no list. What in it is no message is left out. */
export function readFlashes(value: unknown): readonly Flash[] | undefined {
  return Array.isArray(value) ? value.filter(isFlash) : undefined;
}

function isFlash(value: unknown): value is Flash {
  return (
    isPlainObject(value) &&
    typeof value["id"] === "string" &&
    typeof value["level"] === "string" &&
    typeof value["at"] === "number" &&
    "message" in value
  );
}
