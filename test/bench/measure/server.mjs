// A contestant's server, in a process of its own, and the load that is put on it.
import autocannon from "autocannon";
import { ask, endChild, reply, startChild } from "./children.mjs";

/** Seconds that it may take to warm a server up. */
const longest = 15;

const entry = new URL("contestant.mjs", import.meta.url);

export class Server {
  #name;
  #child;
  #url;
  /** Answers per second, as the last load has shown; by the number of clients. */
  #rates = new Map();

  /**
   * Resolves when it listens.
   *
   * @param contestant - `module`, the URL of what exports `start`; `args` of it; `execArgv` of its process.
   * @param node - Path of the Node that runs it.
   */
  static async launch(name, { module, args = [], execArgv }, node) {
    const child = startChild(entry, [String(module), ...args], { node, execArgv });
    try {
      const { port } = await reply(child, name);
      return new Server(name, child, `http://127.0.0.1:${port}`);
    } catch (error) {
      await endChild(child);
      throw error;
    }
  }

  constructor(name, child, url) {
    this.#name = name;
    this.#child = child;
    this.#url = url;
  }

  get name() {
    return this.#name;
  }

  get url() {
    return this.#url;
  }

  /** The answer to one request, as `verify` takes it. */
  async fetch({ path, ...init }) {
    const response = await fetch(this.#url + path, { ...init, redirect: "manual" });
    return {
      status: response.status,
      type: response.headers.get("content-type") ?? "",
      cookies: response.headers.getSetCookie(),
      body: await response.text(),
    };
  }

  /**
   * Has clients send requests, each the next one when the last is answered, for about so many seconds. Every request is
   * answered before it ends, so that what was done can be compared with what was answered.
   *
   * @param clients - For each client a list of `{ path, method, headers, body }`, which it sends over and over.
   * @returns `us` of CPU for each answer, `answers` with a status of 2xx, `others`, and `seconds`.
   */
  async load(clients, seconds) {
    const count = clients.length;
    const amount = Math.max(count * 4, Math.round((this.#rates.get(count) ?? 200) * seconds));
    const left = [...clients];
    const setupClient = (client) => client.setRequests(left.pop());
    const before = await this.cpu();
    const start = performance.now();
    // The end is only looked for with every sample.
    const result = await autocannon({ url: this.#url, connections: count, amount, setupClient, sampleInt: 5 });
    const elapsed = (performance.now() - start) / 1000;
    const us = ((await this.cpu()) - before) / amount;
    this.#rates.set(count, amount / elapsed);
    return { us, answers: result["2xx"], others: amount - result["2xx"], seconds: elapsed };
  }

  /** Puts load on it until it has given so many answers, so that its code is compiled and it is known how much it can take. */
  async warmUp(clients, fewest = 5000) {
    const start = performance.now();
    for (let answers = 0; answers < fewest && performance.now() - start < longest * 1000;) {
      answers += (await this.load(clients, 0.25)).answers;
    }
  }

  /** Microseconds that its process has used, as the system counts them. */
  async cpu() {
    const { cpu } = await ask(this.#child, "cpu", this.#name);
    return cpu.user + cpu.system;
  }

  /** Has it send by itself, and resolves when it has sent; its module exports `send`, which is given this object. */
  async send(what) {
    await ask(this.#child, what, this.#name);
  }

  /** Bytes on its heap without garbage; its process needs --expose-gc. */
  async heap() {
    return (await ask(this.#child, "heap", this.#name)).bytes;
  }

  end() {
    return endChild(this.#child);
  }
}
