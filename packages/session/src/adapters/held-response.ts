import type { ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import type { Closing, FailedCommit } from "../engine/collected-head.ts";
import type { OutgoingResponse } from "../request/head.ts";
import { HeldDrain } from "./held-drain.ts";
import { type Holder, lookSent, setHolder } from "./held-guards.ts";
import {
  applyHead,
  checkChunk,
  checkStatusLine,
  headersSentError,
  type Method,
  pickSending,
  readHeader,
  readStatus,
  replaceSending,
  type Sending,
  setStatus,
  type StatusLine,
} from "./response-head.ts";

/** What a held response calls, when the application answers. */
export interface HeldResponseHooks {
  /** Called once, before the head leaves. Returns why the commit has failed; it does not reject. */
  commit(response: OutgoingResponse): Closing;
  /** Adds headers to the response that is sent, whether or not the commit has failed. */
  addHeaders(response: ServerResponse): void;
  /** Answers instead of the application. What the application had sent so far is dropped. */
  answer(error: unknown): void;
}

interface Call {
  readonly name: Sending;
  readonly args: readonly unknown[];
}

/**
 * A response of node:http whose head waits for a commit. Everything that the application sends is kept until then, in order. To the
 * application it looks sent: `headersSent` is true, headers cannot change, and `write` returns false until there is a "drain".
 *
 * Methods are replaced in the one response object, and put back as soon as the head is free. Those that other libraries have put there
 * before are called in their turn. Every request pays for this, so nothing else is done before it is needed. They are not replaced at the
 * first use of a session, because in `response.end(await textOf(request))` JavaScript looks up `end` before the handler uses a session.
 */
export class HeldResponse implements Holder {
  readonly #response: ServerResponse;
  readonly #hooks: HeldResponseHooks;
  readonly #methods: Readonly<Record<Sending, Method>>;
  readonly #putBack: () => void;
  readonly #drain: HeldDrain;
  readonly outer: Holder | undefined;
  /** The head when a session was first used, for the error response. */
  #before: { readonly status: StatusLine; readonly headers: NodeJS.Dict<number | string | string[]> } | undefined;
  /** The streams that were piped into the response. */
  #sources: Set<Readable> | undefined;
  #isWatching = false;
  readonly #calls: Call[] = [];
  /**
   * - unused: no session is used, so everything is passed on;
   * - open: the application has not sent anything yet;
   * - held: the commit is under way, and what the application sends is kept;
   * - free: everything is passed on;
   * - failed: the commit has failed, so what is sent next is the error response;
   * - answering: the error response has begun;
   * - answered: the error is answered; what is sent now belongs to the dropped response.
   */
  #state: "unused" | "open" | "held" | "free" | "failed" | "answering" | "answered" = "unused";
  /** Whether calls of the methods that were replaced first belong to the dropped response. */
  #isStale = false;
  /** Whether the adapter has asked for the commit, so that it answers a failure. */
  #isCommitRequested = false;
  #committed: Promise<FailedCommit | undefined> | undefined;

  constructor(response: ServerResponse, hooks: HeldResponseHooks) {
    this.#response = response;
    this.outer = setHolder(response, this);
    this.#hooks = hooks;
    this.#methods = pickSending(response);
    this.#putBack = replaceSending(response, (name, args) => this.#send(name, args));
    this.#drain = new HeldDrain(response);
  }

  /** Whether a session is used. */
  get isUsed(): boolean {
    return this.#state !== "unused";
  }

  /** Holds the response from now on, because a session is used. */
  use(): void {
    if (this.#state !== "unused") return;
    this.#state = "open";
    const response = this.#response;
    this.#before = { status: readStatus(response), headers: response.getHeaders() };
    response.on("pipe", (source: Readable) => this.#notePipe(source));
  }

  get isHolding(): boolean {
    return this.#state === "held";
  }

  get isEnded(): boolean {
    return this.#calls.some(({ name }) => name === "end");
  }

  /**
   * Commits now, if the application has not sent anything yet. A failure is then thrown and not answered.
   *
   * @throws The error of the commit.
   */
  async commit(): Promise<void> {
    if (this.#state !== "open") return void (await this.#committed);
    this.#isCommitRequested = true;
    this.#begin();
    const failure = await this.#committed;
    if (failure !== undefined) throw failure.error;
  }

  /** Stops holding the response, because the adapter has committed by itself and adds the headers. */
  free(): void {
    if (this.#state !== "open") return;
    this.#setFree();
  }

  #setFree(): void {
    this.#state = "free";
    this.#putBack();
    this.#drain.free();
  }

  #notePipe(source: Readable): void {
    if (this.#state === "free") return;
    this.#watchClose();
    (this.#sources ??= new Set()).add(source);
  }

  #watchClose(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    this.#response.on("close", () => this.#close());
  }

  #send(name: Sending, args: readonly unknown[]): unknown {
    const response = this.#response;
    if (this.#state === "free" || this.#state === "unused") return this.#call(name, args);
    if (this.#state !== "open" && this.#state !== "held")
      return this.#isStale && (name !== "writeHead" || this.#hasHead) ? this.#skip({ name, args }) : this.#sendError(name, args);
    if (name === "writeHead" && this.#state === "held") throw headersSentError("write");
    if (name === "writeHead") applyHead(response, args);
    else if (name !== "flushHeaders") checkChunk(name, args[0]);
    else if (this.#state === "open") {
      // As Node does. A library that has replaced writeHead() in the meantime may wait for it.
      response.writeHead(response.statusCode);
      if (this.#state !== "open") return this.#send(name, args);
    }
    checkStatusLine(response);
    if (this.#begin()) return this.#call(name, name === "writeHead" ? readStatus(this.#response) : args);
    // applyHead() has already set the headers of writeHead().
    this.#calls.push(name === "writeHead" ? { name, args: [] } : { name, args });
    return name === "write" ? false : this.#response;
  }

  #call(name: Sending, args: readonly unknown[]): unknown {
    return this.#methods[name].apply(this.#response, args as unknown[]);
  }

  /** Begins the commit. Returns whether it is done, so that nothing needs to be held: sessions in cookies are saved at once. */
  #begin(): boolean {
    if (this.#state !== "open") return false;
    this.#state = "held";
    const response = this.#response;
    const status = readStatus(response);
    let closing = this.#hooks.commit({ status: status[0], headers: { get: (name) => readHeader(response, name) } });
    if (closing === undefined) {
      try {
        this.#hooks.addHeaders(response);
        this.#setFree();
        return true;
      } catch (error) {
        closing = { error };
      }
    }
    this.#watchClose();
    const lookUnsent = lookSent(response);
    this.#committed = Promise.resolve(closing);
    void this.#committed.then((failure) => {
      const leave = () => {
        lookUnsent();
        if (failure !== undefined) return this.#fail(failure.error);
        // As without sessions, a status that is set after the head has no effect.
        setStatus(response, status);
        return this.#release();
      };
      // Restify looks in the next tick whether the handler has answered, and answers by itself if not.
      if (failure !== undefined && !this.#isCommitRequested) setImmediate(leave);
      else leave();
    });
    return false;
  }

  /** Sends what was kept. */
  #release(): void {
    const response = this.#response;
    this.#state = "free";
    let isFlowing = true;
    try {
      this.#hooks.addHeaders(response);
      for (const { name, args } of this.#calls) {
        const result = this.#call(name, name === "writeHead" ? readStatus(response) : args);
        if (name === "write") isFlowing = result !== false;
      }
    } catch (error) {
      // A library that wraps writeHead() has thrown, or Node refuses an argument.
      if (response.headersSent) response.destroy(error as Error);
      else this.#fail(error);
      return;
    }
    const hasWritten = this.#calls.some(({ name }) => name === "write");
    if (hasWritten && isFlowing && !response.writableEnded) this.#drain.emit();
    this.#setFree();
  }

  /** Drops what was kept, so that the error can be answered as if nothing had been sent. */
  #fail(error: unknown): void {
    const response = this.#response;
    this.#state = "failed";
    const { status, headers } = this.#before!;
    setStatus(response, status);
    for (const name of response.getHeaderNames()) if (headers[name] === undefined) response.removeHeader(name);
    for (const [name, value] of Object.entries(headers)) {
      if (value !== undefined && response.getHeader(name) !== value) response.setHeader(name, value);
    }
    this.#sources?.forEach((source) => source.unpipe(response));
    this.#drain.stop();
    if (this.#calls.length > 0) this.#renewMethods();
    if (!this.#isCommitRequested) this.#hooks.answer(error);
  }

  /**
   * Takes off what other libraries have put over the methods since these were replaced. They have seen the dropped response: one may
   * compress it, or have noted that it has ended. If writeHead() was not called, they still wait for a head.
   */
  #renewMethods(): void {
    const response = this.#response;
    const { writeHead } = pickSending(response);
    replaceSending(response, (name, args) => this.#sendError(name, args));
    if (!this.#hasHead) response.writeHead = writeHead as typeof response.writeHead;
    this.#isStale = true;
  }

  get #hasHead(): boolean {
    return this.#calls.some(({ name }) => name === "writeHead");
  }

  #sendError(name: Sending, args: readonly unknown[]): unknown {
    if (this.#state === "answered") return this.#skip({ name, args });
    let given = args;
    if (this.#state === "failed") {
      this.#state = "answering";
      const response = this.#response;
      if (name === "writeHead") applyHead(response, args);
      if (name === "writeHead") given = [response.statusCode];
      this.#hooks.addHeaders(response);
    }
    // Node calls writeHead() in end().
    const result = this.#call(name, given);
    if (name === "end") this.#state = "answered";
    return result;
  }

  /** Drops a call. Its callback gets an error. */
  #skip({ name, args }: Call): unknown {
    const callback = args.findLast((arg) => typeof arg === "function");
    if (callback !== undefined) process.nextTick(callback, new Error("The response was dropped, because a session could not be saved."));
    return name === "write" ? true : this.#response;
  }

  #close(): void {
    // A stream that was piped into the response will not send anything any more, so nothing else would begin the commit.
    if (this.#sources !== undefined) this.#begin();
    if (this.#state === "open" || this.#state === "held" || this.#state === "free") return;
    // Not earlier: code that waits for the dropped response would go on, and write into the error response.
    this.#state = "answered";
    for (const call of this.#calls.splice(0)) this.#skip(call);
    this.#sources?.forEach((source) => source.destroy());
    this.#drain.emit();
  }
}
