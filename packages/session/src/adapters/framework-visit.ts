import { CollectedHead, type Closing } from "../engine/collected-head.ts";
import type { IncomingRequest, OutgoingResponse } from "../request/head.ts";
import { RequestSessions } from "../request/request.ts";
import type { SharedSessions } from "../request/shared-sessions.ts";

/** The sessions of one request, for a framework that says when it sends its response. */
export class FrameworkVisit extends RequestSessions {
  readonly head: CollectedHead;
  readonly #shared: SharedSessions;
  #closing: Closing;

  constructor(shared: SharedSessions, request: IncomingRequest, head = new CollectedHead()) {
    super(shared, request, head);
    this.head = head;
    this.#shared = shared;
  }

  /** Whether the request has used a session. If not, its response is left alone. */
  get isUsed(): boolean {
    return !this.head.isEmpty;
  }

  /**
   * Whether the visit belongs to these sessions. A second adapter with the same sessions, such as in a part of the application,
   * does nothing.
   */
  isOf(shared: SharedSessions): boolean {
    return this.#shared === shared;
  }

  /**
   * Commits, once. A failed commit has already been undone.
   *
   * @returns Why the commit has failed.
   */
  close(response: OutgoingResponse): Closing {
    return (this.#closing ??= this.head.close(response));
  }
}
