import { keepLess, type KeySize } from "./too-large.ts";

/** The record of a session is longer than 64 KiB; thrown before anything is saved. */
export class SessionTooLargeError extends Error {
  readonly code = "MINI_SESSION_TOO_LARGE";
  /** Bytes of the record. */
  readonly bytes: number;
  /** The biggest keys, at most three, biggest first. */
  readonly biggest: readonly KeySize[];

  constructor(bytes: number, limit: number, biggest: readonly KeySize[]) {
    super(`Cannot save the session: its record has ${bytes} bytes, and may have ${limit}. ${keepLess(biggest)}`);
    this.bytes = bytes;
    this.biggest = biggest;
  }

  override get name(): string {
    return "SessionTooLargeError";
  }
}
