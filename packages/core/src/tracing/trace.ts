import type { Channel, TracingChannel } from "node:diagnostics_channel";

// The module is not imported, so that core also runs where it is missing.
const diagnostics = globalThis.process?.getBuiltinModule?.("node:diagnostics_channel");

/** What the inspector shows about a piece of work or an event. */
export interface Shown {
  /** A short name: `User.get`. */
  readonly label: string;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  /** Values that were changed. For a new value, `before` is `undefined`; for a removed value, `after` is. */
  readonly changes?: readonly { readonly key: string; readonly before: unknown; readonly after: unknown }[] | undefined;
}

/** A piece of work of a request, or an event, which takes no time. */
export interface Span {
  /** Name of its channel. */
  readonly name: string;
  readonly label: string;
  /** Milliseconds since the request began. */
  readonly from: number;
  /** `undefined` for work that had not ended when the head was sent. */
  readonly to: number | undefined;
  readonly details: readonly (readonly [name: string, value: string])[];
  readonly changes: readonly ShownChange[];
  readonly error: string | undefined;
}

/** A value that was changed, as text; empty if there is none. */
export interface ShownChange {
  readonly key: string;
  readonly before: string;
  readonly after: string;
}

/** What one request records for the inspector. */
export interface Recording {
  /** Records that work has begun. Returns a function that records the end, with the error if the work failed. */
  begin(name: string, show: () => Shown): (failure?: { readonly error: unknown }) => void;
  /** Records an event. */
  note(name: string, show: () => Shown): void;
  /** What was recorded until now. */
  spans(): readonly Span[];
}

let findRecording: (() => Recording | undefined) | undefined;

/** Whether requests may be recorded. It is read very often, so it is a value and not a call. */
export const recordings = { areMade: false };

/** Sets the function that finds the recording of the running request. Without it, requests have no recording. */
export function setRecordingFinder(find: () => Recording | undefined): void {
  findRecording = find;
  recordings.areMade = true;
}

/**
 * A tracing channel of node:diagnostics_channel. Subscribers are told when a piece of work begins, ends and fails, and the
 * inspector shows it. Without subscribers and inspector it does nothing.
 */
export class Trace<Message extends object> {
  /** The channel itself, because each request asks whether there are subscribers. Its full type would need the types of Node. */
  readonly channel: { readonly hasSubscribers: boolean } | undefined;
  readonly #channel: TracingChannel<unknown, Message> | undefined;
  readonly #name: string;
  readonly #show: ((message: Message) => Shown) | undefined;

  /**
   * @param name - Name of the channel, which subscribers pass to `tracingChannel()`: `"mini:request"`.
   * @param show - What the inspector shows about a message when the work has ended; left out, nothing.
   */
  constructor(name: string, show?: (message: Message) => Shown) {
    this.#name = name;
    this.#show = show;
    this.#channel = diagnostics?.tracingChannel<unknown, Message>(name);
    this.channel = this.#channel;
  }

  /**
   * Does the work, and reports it to subscribers and the inspector. The work may add to the message until it has ended. Even if it
   * does not return a promise, subscribers get `start`, `end`, `asyncStart` and `asyncEnd`, and `error` before the last two if it
   * fails.
   */
  run<Result>(message: Message, work: () => Result | Promise<Result>): Result | Promise<Result> {
    const show = this.#show;
    const end = show && findRecording?.()?.begin(this.#name, () => show(message));
    const channel = this.#channel;
    if (channel?.hasSubscribers !== true) return end === undefined ? work() : follow(work, () => end(), end);
    const told = message as Message & { result?: unknown; error?: unknown };
    const settle = () => {
      channel.asyncStart.publish(told);
      channel.asyncEnd.publish(told);
    };
    const done = (result?: unknown) => {
      end?.();
      told.result = result;
      settle();
    };
    const failed = (failure: { readonly error: unknown }) => {
      end?.(failure);
      told.error = failure.error;
      channel.error.publish(told as Message & { error: unknown });
      settle();
    };
    return channel.start.runStores(told, () => follow(work, done, failed, () => channel.end.publish(told)));
  }
}

/** Does the work, and calls the functions: when it has returned, and when it is done or has failed. */
function follow<Result>(
  work: () => Result | Promise<Result>,
  done: (result?: unknown) => void,
  failed: (failure: { readonly error: unknown }) => void,
  returned = () => {},
): Result | Promise<Result> {
  let result: Result | Promise<Result>;
  try {
    result = work();
  } catch (error) {
    returned();
    failed({ error });
    throw error;
  }
  returned();
  if (!(result instanceof Promise)) {
    done(result);
    return result;
  }
  return result.then(
    (value) => {
      done(value);
      return value;
    },
    (error: unknown) => {
      failed({ error });
      throw error;
    },
  );
}

/** A channel of node:diagnostics_channel for events that take no time. The inspector shows them too. */
export class Notice<Message extends object> {
  readonly #name: string;
  readonly #show: (message: Message) => Shown;
  readonly #channel: Channel | undefined;

  constructor(name: string, show: (message: Message) => Shown) {
    this.#name = name;
    this.#show = show;
    this.#channel = diagnostics?.channel(name);
  }

  get isObserved(): boolean {
    return this.#channel?.hasSubscribers === true || findRecording?.() !== undefined;
  }

  tell(message: Message): void {
    findRecording?.()?.note(this.#name, () => this.#show(message));
    this.#channel?.publish(message);
  }
}
