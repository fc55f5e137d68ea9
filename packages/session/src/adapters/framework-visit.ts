import { CollectedHead, type Closing } from "../engine/collected-head.ts";
import type { IncomingRequest, OutgoingResponse } from "../request/head.ts";
import { RequestSessions } from "../request/request.ts";
import type { SharedSessions } from "../request/shared-sessions.ts";

/** The sessions of one request, for a framework that says when it sends its response. */
export class FrameworkVisit extends RequestSessions {
  readonly head: CollectedHead;
  readonly #config: object;
  #closing: Closing;

  constructor(config: object, shared: SharedSessions, request: IncomingRequest, head = new CollectedHead()) {
    super(shared, request, head);
    this.head = head;
    this.#config = config;
  }

  /** Whether the request has used a session. If not, its response is left alone. */
  get isUsed(): boolean {
    return !this.head.isEmpty;
  }

  /**
   * Whether the visit was made for this `Sessions` object, or for this object with settings. A second adapter with the same object, such as
   * in a part of the application, does nothing.
   */
  isOf(config: object): boolean {
    return this.#config === config;
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
