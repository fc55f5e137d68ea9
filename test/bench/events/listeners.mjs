// Clients that keep event streams open, and look at every event that they are sent.
import { get } from "node:http";
import { noteOf } from "./notes.mjs";

/** Milliseconds that clients wait for events, or for the head of a response. */
const patience = 10_000;

/** Fields of an event by name, without comments; `undefined` for a block that is no event, such as a comment. */
export function parseEvent(block) {
  const fields = {};
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) fields[line.slice(0, colon)] = line.slice(colon + 1).replace(/^ /, "");
  }
  return fields.data === undefined ? undefined : fields;
}

/** Looks at what one client receives: the events of all numbers, each once and in order. */
export class Received {
  /** Number of the next event. */
  next = 0;
  #rest = "";

  /** @throws Error for an event that is not the next. */
  add(text) {
    const blocks = (this.#rest + text).split("\n\n");
    this.#rest = blocks.pop();
    for (const block of blocks) {
      const found = parseEvent(block);
      if (found === undefined) continue;
      const note = noteOf(this.next);
      if (found.event !== "note" || found.id !== String(note.id) || found.data !== JSON.stringify(note)) {
        throw new Error(`sends the event ${JSON.stringify(block)}, and not note ${note.id}`);
      }
      this.next++;
    }
  }
}

/** The open event streams of one server. */
export class Listeners {
  #name;
  #responses;
  #received;
  #failure;
  /** Settles what waits for events. */
  #settle = () => undefined;

  /** Opens so many event streams, each on a connection of its own. */
  static async open({ name, url }, count) {
    const responses = await Promise.allSettled(Array.from({ length: count }, () => openStream(name, url)));
    const listeners = new Listeners(
      name,
      responses.flatMap(({ value }) => value ?? []),
    );
    const failed = responses.find(({ status }) => status === "rejected");
    if (failed === undefined) return listeners;
    listeners.close();
    throw failed.reason;
  }

  constructor(name, responses) {
    this.#name = name;
    this.#responses = responses;
    this.#received = responses.map(() => new Received());
    for (const [i, response] of responses.entries()) {
      response.setEncoding("utf8");
      response.on("data", (text) => this.#add(this.#received[i], text));
      response.on("close", () => this.#fail(new Error(`${name} ends an event stream`)));
      response.on("error", () => undefined);
    }
  }

  get count() {
    return this.#responses.length;
  }

  /** How many events every client has got. */
  get events() {
    return Math.min(...this.#received.map(({ next }) => next));
  }

  /** Resolves when every client has got so many events. @throws Error for events that are wrong, too many, or do not come. */
  async until(events) {
    await new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#fail(new Error(`${this.#name} has not sent ${events} events to all`)), patience);
      this.#settle = () => {
        if (this.#failure === undefined && this.events < events) return;
        clearTimeout(timer);
        this.#settle = () => undefined;
        if (this.#failure === undefined) resolve();
        else reject(this.#failure);
      };
      this.#settle();
    });
    if (this.#received.some(({ next }) => next > events)) throw new Error(`${this.#name} sends more than ${events} events`);
  }

  close() {
    this.#failure ??= new Error("The event streams are closed.");
    for (const response of this.#responses) response.destroy();
  }

  #add(received, text) {
    try {
      received.add(text);
    } catch (error) {
      this.#fail(new Error(`${this.#name} ${error.message}`));
    }
    this.#settle();
  }

  #fail(error) {
    this.#failure ??= error;
    this.#settle();
  }
}

/** The response of a server that has begun an event stream. */
function openStream(name, url) {
  return new Promise((resolve, reject) => {
    const headers = { accept: "text/event-stream" };
    const request = get(url, { agent: false, headers, timeout: patience }, (response) => {
      request.setTimeout(0);
      const {
        statusCode: status,
        headers: { "content-type": type = "" },
      } = response;
      if (status === 200 && type.split(";")[0] === "text/event-stream") return resolve(response);
      response.destroy();
      reject(new Error(`${name} answers ${status} ${type}, and not 200 text/event-stream`));
    });
    request.on("timeout", () => request.destroy(new Error(`${name} does not begin an event stream`)));
    request.on("error", reject);
  });
}
