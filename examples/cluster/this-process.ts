import { setLocal } from "@mini/core";
import type { Middleware, RequestHandler, Response } from "@mini/core";
import type { Member } from "./messages.ts";

/** What a worker knows of the processes it is one of. */
export interface FleetView {
  /** Where they keep the sessions, in words. */
  readonly place: string;
  /** The process that answers. */
  readonly me: Member;
  /** All that take connections at this moment. */
  readonly team: () => readonly Member[];
}

declare module "@mini/core" {
  interface Local {
    readonly fleet: FleetView;
  }
}

/**
 * Tells handlers which process they run in, and ends each connection with its answer.
 *
 * A connection stays with the process that took it, so a browser that keeps one would meet the same process at every click.
 * It also makes a rolling restart simple: nobody can be about to ask over a connection that is just being closed. A site
 * that wants to keep connections open needs something in front of it, or clients that ask again.
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
