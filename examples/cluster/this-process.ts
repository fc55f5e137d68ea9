import { setLocal } from "@mini/core";
import type { Middleware, RequestHandler, Response } from "@mini/core";
import type { Member } from "./messages.ts";

/** What a worker knows about itself and the other processes. */
export interface FleetView {
  /** The name of the place where sessions are kept, for people. */
  readonly place: string;
  /** This process. */
  readonly me: Member;
  /** All processes that accept connections now. */
  readonly team: () => readonly Member[];
}

declare module "@mini/core" {
  interface Local {
    readonly fleet: FleetView;
  }
}

/**
 * Tells handlers in which process they run, and closes each connection after its response.
 *
 * A connection stays with the process that accepted it, so a browser that keeps one open would reach the same process with every
 * click. Ending it also makes a rolling restart simple: no request can arrive on a connection that is being closed. A site that
 * keeps connections open needs a proxy in front of it, or clients that try again.
 */
export class ThisProcess implements Middleware {
  static readonly provides = ["fleet"] as const;
  readonly #fleet: FleetView;

  constructor(fleet: FleetView) {
    this.#fleet = fleet;
  }

  beforeDispatch(): void {
    setLocal("fleet", this.#fleet);
  }

  afterDispatch(_handler: RequestHandler, response: Response): Response {
    response.headers.set("connection", "close");
    return response;
  }
}
