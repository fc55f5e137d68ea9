import type { ServerResponse } from "node:http";

type Listener = (...args: unknown[]) => void;
type Listen = (name: string | symbol, listener: Listener) => unknown;
type Listening = "on" | "addListener" | "once" | "removeListener" | "off";

/** A listener for "drain", and whether it is called only once. */
interface Waiting {
  readonly listener: Listener;
  readonly isOnce: boolean;
}

/**
 * The listeners of a held response for "drain". A library that wraps the response may give them to a stream of its own, as compression
 * does. That stream knows nothing of the writes that are held, so it would never drain. If there is such a library, the listeners are
 * kept here until the response is free.
 */
export class HeldDrain {
  readonly #response: ServerResponse;
  /** The methods of the library; `undefined`: no library has replaced them. */
  readonly #methods: Readonly<Record<Listening, Listen>> | undefined;
  #putBack: (() => void) | undefined;
  #waiting: readonly Waiting[] = [];

  constructor(response: ServerResponse) {
    this.#response = response;
    if (!Object.hasOwn(response, "on")) return;
    const target = response as unknown as Record<Listening, Listen>;
    const { on, addListener, once, removeListener, off } = target;
    this.#methods = { on, addListener, once, removeListener, off };
    const putBack = [
      this.#replace(target, "on", (listener) => this.#wait({ listener, isOnce: false })),
      this.#replace(target, "addListener", (listener) => this.#wait({ listener, isOnce: false })),
      this.#replace(target, "once", (listener) => this.#wait({ listener, isOnce: true })),
      this.#replace(target, "removeListener", (listener) => this.#remove(listener)),
      this.#replace(target, "off", (listener) => this.#remove(listener)),
    ];
    this.#putBack = () => putBack.forEach((each) => each());
  }

  /** Replaces a method. For "drain", `work` does what the method does; if it returns `false`, the method is called too. */
  #replace(target: Record<Listening, Listen>, name: Listening, work: (listener: Listener) => unknown): () => void {
    const before = target[name];
    const replaced: Listen = (event, listener) => {
      const isDone = event === "drain" && this.#putBack !== undefined && work(listener) !== false;
      return isDone ? this.#response : before.call(this.#response, event, listener);
    };
    target[name] = replaced;
    return () => {
      if (target[name] === replaced) target[name] = before;
    };
  }

  #wait(waiting: Waiting): void {
    this.#waiting = [...this.#waiting, waiting];
  }

  /** Returns whether the listener was kept here. */
  #remove(listener: Listener): boolean {
    const at = this.#waiting.findLastIndex((each) => each.listener === listener);
    this.#waiting = this.#waiting.filter((_each, i) => i !== at);
    return at !== -1;
  }

  /** Calls the listeners: the response takes more. */
  emit(): void {
    this.#response.emit("drain");
    for (const { listener, isOnce } of this.#waiting) {
      if (isOnce) this.#remove(listener);
      listener.call(this.#response);
    }
  }

  /** Keeps no more listeners. Those that are kept still belong to the writes that were held. */
  stop(): void {
    this.#putBack?.();
    this.#putBack = undefined;
  }

  /** Keeps no more listeners, and gives those that are kept to the library. */
  free(): void {
    this.stop();
    for (const { listener, isOnce } of this.#waiting) this.#methods?.[isOnce ? "once" : "on"].call(this.#response, "drain", listener);
    this.#waiting = [];
  }
}
