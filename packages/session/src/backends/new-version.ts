import { randomBytes } from "node:crypto";
import type { NewRecord, SessionRecord } from "../record/record.ts";

/**
 * The version of one write: 12 random bytes in base64url. No other write has it, so it never matches a record that was
 * created after a `take`.
 */
export function newVersion(): string {
  return randomBytes(12).toString("base64url");
}

/** The record that a write stores. */
export function withVersion({ data, idleAt, expiresAt }: NewRecord, version: string): SessionRecord {
  return { data, idleAt, expiresAt, version };
}
