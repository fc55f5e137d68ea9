import { LmdbBackend } from "@mini/session/lmdb";
import { MemoryBackend, type SessionBackend } from "@mini/session";
import { open } from "lmdb";
import { afterAll } from "vitest";
import { temporaryFolder } from "./folder.ts";

/** A place to keep sessions in, as tests that hold for each of them need it. */
export interface Medium {
  readonly name: string;
  /** Whether the cookie holds an id only. */
  readonly isServerSide: boolean;
  /** Characters that no session may have. */
  readonly tooMuch: number;
  /** @param now - Clock, in milliseconds since the Unix epoch. */
  open(now: () => number): SessionBackend | "securecookie";
}

function lmdb(): Medium["open"] {
  let root: ReturnType<typeof open> | undefined;
  const path = temporaryFolder();
  afterAll(() => root?.close());
  return (now) => new LmdbBackend({ root: (root ??= open({ path })), now });
}

/** Sessions in a backend, for the file that asks. */
export function serverSideMedia(): readonly Medium[] {
  return [
    { name: "memory", isServerSide: true, tooMuch: 65_536, open: (now) => new MemoryBackend({ now }) },
    { name: "LMDB", isServerSide: true, tooMuch: 65_536, open: lmdb() },
  ];
}

/** All places, for the file that asks. */
export function everyMedium(): readonly Medium[] {
  return [{ name: "their cookies", isServerSide: false, tooMuch: 4096, open: () => "securecookie" }, ...serverSideMedia()];
}
