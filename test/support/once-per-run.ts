import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Something that all test files of a run share. It is made when the first of them asks, so that others do not wait for it. */
export interface OncePerRun<Made> {
  /** Where the files ask for it; see {@link askForShared}. */
  readonly url: string;
  /** Ends the asking, and resolves to what was made; to `undefined` when nobody asked, or when it could not be made. */
  readonly end: () => Promise<Made | undefined>;
}

/** @param describe - What the files are given, as JSON has it. */
export async function oncePerRun<Made>(make: () => Promise<Made>, describe: (made: Made) => unknown): Promise<OncePerRun<Made>> {
  let making: Promise<Made> | undefined;
  const server = createServer((_request, response) => {
    making ??= make();
    making.then(
      (made) => response.end(JSON.stringify(describe(made))),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    end() {
      server.closeAllConnections();
      server.close();
      return making?.catch(() => undefined) ?? Promise.resolve(undefined);
    },
  };
}

/** Asks, from a test file, for what the files of a run share. */
export async function askForShared(url: string): Promise<unknown> {
  const response = await fetch(url);
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return JSON.parse(text);
}
