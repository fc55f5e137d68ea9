// A subject's server, in a process of its own, and the load that is put on it.
import { fork } from "node:child_process";
import autocannon from "autocannon";

/** Module of `servers/` and variant of each subject; a name with "again" is the same once more. */
export const subjects = {
  "bare Map": ["bare", "memory"],
  "bare Map again": ["bare", "memory"],
  "bare Map, als": ["bare", "als"],
  "mini memory": ["mini", "memory"],
  "express-session": ["express"],
  "@fastify/session": ["fastify"],
  "bare LMDB": ["bare", "lmdb"],
  "bare LMDB again": ["bare", "lmdb"],
  "mini LMDB": ["mini", "lmdb"],
  "bare Redis": ["bare", "redis"],
  "bare Redis again": ["bare", "redis"],
  "mini Redis": ["mini", "redis"],
  "express-session, Redis": ["express", "redis"],
  "bare Postgres": ["bare", "postgres"],
  "bare Postgres again": ["bare", "postgres"],
  "mini Postgres": ["mini", "postgres"],
};

/** Requests that warm a subject up, and seconds that this may take. */
const fewest = 5000;
const longest = 15;

/** The next message of a process; rejects when it ends before. */
export function reply(child, name) {
  return new Promise((resolve, reject) => {
    const ended = (code, signal) => reject(new Error(`${name}: its process ended with ${signal ?? code}`));
    child.once("exit", ended);
    child.once("message", (message) => {
      child.off("exit", ended);
      resolve(message);
    });
  });
}

export class Subject {
  #name;
  #child;
  #url;
  /** Requests per second, as the last load of its kind has shown. */
  #rates = new Map();

  /**
   * Resolves when the server listens.
   *
   * @param folder - For its files, when others are to find them there; left out, one of its own.
   */
  static async launch(name, folder) {
    const [module, variant = ""] = subjects[name];
    const args = [module, variant, ...(folder === undefined ? [] : [folder])];
    const child = fork(new URL("server.mjs", import.meta.url), args, { env: { ...process.env, NODE_ENV: "production" } });
    const { port } = await reply(child, name);
    return new Subject(name, child, `http://127.0.0.1:${port}`);
  }

  constructor(name, child, url) {
    this.#name = name;
    this.#child = child;
    this.#url = url;
  }

  /** Cookies of new sessions that hold the count 1. */
  newSessions(count) {
    return Promise.all(
      Array.from({ length: count }, async () => {
        const response = await fetch(`${this.#url}/change`);
        return response.headers.getSetCookie()[0].split(";")[0];
      }),
    );
  }

  /** What a session has counted. */
  async countOf(cookie) {
    const response = await fetch(`${this.#url}/read`, { headers: { cookie } });
    const [, count] = /^count (\d+)$/.exec(await response.text()) ?? [];
    if (count === undefined) throw new Error(`${this.#name} has lost a session`);
    return Number(count);
  }

  /**
   * Has one client for each cookie send requests for about so many seconds. Every request is answered before it ends,
   * so that what was counted can be compared with what was answered.
   *
   * @returns `us` of CPU for each answer, `answers` with status 200, `others`, and `seconds`.
   */
  async load(path, cookies, seconds) {
    const kind = `${path} ${cookies.length}`;
    const amount = Math.max(cookies.length * 4, Math.round((this.#rates.get(kind) ?? 200) * seconds));
    const left = [...cookies];
    const setupClient = (client) => client.setHeaders({ cookie: left.pop() });
    const before = await this.#cpu();
    const start = performance.now();
    // The end is only looked for with every sample.
    const result = await autocannon({ url: this.#url + path, connections: cookies.length, amount, setupClient, sampleInt: 5 });
    const elapsed = (performance.now() - start) / 1000;
    const us = ((await this.#cpu()) - before) / amount;
    this.#rates.set(kind, amount / elapsed);
    return { us, answers: result["2xx"], others: amount - result["2xx"], seconds: elapsed };
  }

  /** Puts load on it until its code is compiled, and it is known how much it can take. */
  async warmUp(path, cookies) {
    const start = performance.now();
    for (let answers = 0; answers < fewest && performance.now() - start < longest * 1000;) {
      answers += (await this.load(path, cookies, 0.25)).answers;
    }
  }

  /** Microseconds. */
  async #cpu() {
    if (!this.#child.connected) throw new Error(`${this.#name}: its process has ended`);
    const message = reply(this.#child, this.#name);
    this.#child.send("cpu");
    const { cpu } = await message;
    return cpu.user + cpu.system;
  }

  end() {
    this.#child.disconnect();
  }
}
