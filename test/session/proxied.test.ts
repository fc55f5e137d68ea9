import { abort } from "@mini/core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { look, unavailable, watchRejections } from "../support/outage-app.ts";
import { secretKey, sessionApp, type SessionApp, type Work } from "../support/session-app.ts";
import { password, sessionServers, type Connected, type SessionServer } from "../support/session-servers.ts";
import { need } from "../support/skip.ts";
import { startTcpProxy, type Line, type TcpProxy } from "../support/tcp-proxy.ts";
import { WatchedBackend } from "../support/watched-backend.ts";

/** Milliseconds. */
const deadline = 150;
/** For what comes by itself, on a busy machine too. */
const soon = { timeout: 60_000, interval: 25 };

/** What nobody may be told. */
const secrets = [password, secretKey, "private word"];

/** Calls that may wait: under load a client of Redis gives up a silent server only when so many do. */
const fewest = 8;

const faults: readonly (readonly [name: string, line: Line])[] = [
  ["refuses connections", "refuses"],
  ["hangs", "hangs"],
  ["resets every connection", "resets"],
  ["answers too late", { delay: 3 * deadline }],
  ["accepts the request and resets the connection", { cut: "reset", after: 0 }],
  ["accepts the request and never replies", { cut: "hang", after: 0 }],
  ["resets after the first byte of the reply", { cut: "reset", after: 1 }],
  ["closes the connection after half of the reply", { cut: "close", after: "half" }],
  ["stops for ever in the middle of the reply", { cut: "hang", after: "half" }],
];

const read: Work = async (_store, session) => void (await session()).get("a");
const increment: Work = async (_store, session) => void (await session()).increment("a");

const logIn: Work = async (_store, session) => (await session()).regenerate({ owner: "user:1" });

interface Point {
  readonly what: string;
  readonly work: Work;
  /** The backend's call that fails. */
  readonly call: string;
  /** What the session may hold after the repair; `undefined`: it is gone. */
  readonly after: readonly (number | undefined)[];
  /** Without a cookie. */
  readonly isFirst?: boolean;
  readonly clearsCookie?: boolean;
}

const points: readonly Point[] = [
  { what: "a load", work: read, call: "read", after: [1] },
  { what: "a commit", work: increment, call: "swap", after: [1, 2] },
  { what: "a first session", work: async (_store, session) => (await session()).set("b", 1), call: "create", after: [1], isFirst: true },
  { what: "a log-out", work: (store) => store.deleteSession(), call: "take", after: [1, undefined], clearsCookie: true },
  { what: "a log-in", work: logIn, call: "owners.epoch", after: [1] },
  { what: "a log-in's new session", work: logIn, call: "create", after: [1] },
  { what: "the end of a log-in's old session", work: logIn, call: "swap", after: [1, undefined] },
];

type Options = NonNullable<Parameters<SessionApp["run"]>[1]>;

/** For one more request with the first session's cookie, whatever the ones before were answered. */
const fresh =
  ({ cookie, browser }: { readonly cookie: string; readonly browser: SessionApp["browser"] }) =>
  () => ({
    headers: { cookie },
    client: browser(),
  });

watchRejections();

describe.each(sessionServers)("sessions on a $name", ({ needs, isDurable, start }) => {
  need(...needs)("behind a proxy", () => {
    let server: SessionServer;
    const used = new Set<Connected & { readonly proxy: TcpProxy; readonly told: () => string }>();
    const uncaught: unknown[] = [];
    const note = (reason: unknown) => void uncaught.push(reason);
    beforeAll(async () => {
      server = await start();
    });
    afterAll(() => server?.end());
    beforeEach(() => {
      process.on("uncaughtExceptionMonitor", note);
      process.on("warning", note);
    });
    afterEach(async () => {
      for (const { proxy, waiting, told, end } of used) {
        await proxy.set("passes");
        await expect.poll(waiting, { ...soon, message: "what still waits" }).toBe(0);
        expect(told()).not.toMatch(new RegExp(secrets.join("|")));
        await end();
        await proxy.close();
      }
      used.clear();
      process.off("uncaughtExceptionMonitor", note);
      process.off("warning", note);
      expect(uncaught.splice(0)).toEqual([]);
    });

    /** An application with a driver and a proxy of its own, and a session that holds `{ a: 1, word }`. */
    async function begun({ milliseconds = deadline, most = fewest, silence = 600 } = {}) {
      const proxy = await startTcpProxy(server.target);
      const connected = await server.connect(proxy.port, most, silence);
      const watched = new WatchedBackend(connected.backend);
      const app = sessionApp({ backend: watched, now: Date.now, deadline: milliseconds });
      const told = () => [...app.logged, ...connected.said].join("\n");
      used.add({ ...connected, proxy, told });
      // Whether a busy machine is in time is not what the tests are about.
      const patient = sessionApp({ backend: watched, now: Date.now, deadline: soon.timeout });
      const first: Work = async (_store, session) => (await session()).assign({ a: 1, word: "private word" });
      await expect.poll(async () => (await patient.run(first)).status, soon).toBe(200);
      const cookie = `session=${patient.client.cookies.get("session")}`;
      return { ...app, patient, proxy, watched, waiting: connected.waiting, cookie, told };
    }

    type Begun = Awaited<ReturnType<typeof begun>>;

    /** Asks until it is answered 200: the driver makes its connections by itself. */
    async function again({ run }: Pick<SessionApp, "run">, work: Work, options: () => Options) {
      await expect.poll(async () => (await run(work, options())).status, { ...soon, message: "recovered" }).toBe(200);
    }

    /** What the session holds. */
    async function held(app: Begun) {
      let found: Record<string, unknown> = {};
      await again(
        app.patient,
        async (_store, session) => void (found = (await session()).toJSON()),
        () => ({ ...fresh(app)(), client: app.patient.browser() }),
      );
      return found;
    }

    /** Does that to the connections at the next call of that name; gives how to see whether it has come. */
    function failAt({ watched, proxy }: Begun, call: string, line: Line): () => boolean {
      let isReached = false;
      watched.before = async (name) => {
        if (name !== call || isReached) return;
        isReached = true;
        await proxy.set(line);
      };
      return () => isReached;
    }

    async function repair({ watched, proxy }: Begun): Promise<void> {
      watched.before = () => undefined;
      await proxy.set("passes");
    }

    test.each(faults)("that %s", async (_name, line) => {
      const answers = points.map(async ({ what, work, call, after, isFirst = false, clearsCookie = false }) => {
        const app = await begun();
        const logged: string[] = [];
        const options = ({ browser }: Pick<SessionApp, "browser">) =>
          isFirst ? { client: browser() } : fresh({ cookie: app.cookie, browser })();
        let isReached = () => false;
        // On a busy machine what comes before may be late already, or the driver has to connect again: then with more time.
        for (let milliseconds = deadline; !isReached() && milliseconds < soon.timeout; milliseconds *= 2) {
          app.watched.before = () => undefined;
          await app.settle();
          // Too late is after the response, however long a busy machine takes for that.
          isReached = failAt(app, call, typeof line === "object" && "delay" in line ? "late" : line);
          const hasty = sessionApp({ backend: app.watched, now: Date.now, deadline: milliseconds });
          const response = await hasty.run(work, options(hasty));
          const cookies = clearsCookie ? [expect.stringMatching(/^session=; .*Max-Age=0/)] : [];
          expect(await look(response), what).toEqual({ ...unavailable, cookies });
          logged.push(...hasty.logged);
        }
        expect(isReached(), what).toBe(true);
        expect((await app.run(() => undefined)).status, "other routes").toBe(200);
        expect((await app.run(() => abort(404))).status, "other routes").toBe(404);
        await repair(app);
        expect(after, `what the session holds after a failure at ${what}`).toContain((await held(app))["a"]);
        await again(app.patient, work, () => options(app.patient));
        expect(`${app.told()}\n${logged.join("\n")}`).not.toMatch(new RegExp([app.cookie.slice("session=".length), ...secrets].join("|")));
      });
      await Promise.all(answers);
    });

    test("that answers late, but before the deadline, is not a failure", async () => {
      const app = await begun({ milliseconds: soon.timeout, silence: soon.timeout });
      await app.proxy.set({ delay: 20 });
      for (const { work } of points) expect((await app.run(work, fresh(app)())).status).toBe(200);
    });

    test("loses no increment that was answered, and makes none twice, whatever happens to connections", async () => {
      const app = await begun();
      const answers: number[] = [];
      const step = async () => {
        const number = answers.push(0) - 1;
        const work: Work = async (_store, session) => {
          const found = await session();
          found.increment("count");
          found.increment(`n${number}`);
        };
        const { status } = await app.run(work, fresh(app)());
        answers[number] = status;
        return status;
      };
      const several = async (count: number) => {
        for (let index = 0; index < count; index++) await step();
      };
      for (const [, line] of faults) {
        await expect.poll(step, { ...soon, message: "recovered" }).toBe(200);
        failAt(app, "swap", line);
        await Promise.all([several(3), several(3), several(3)]);
        await repair(app);
      }
      await expect.poll(step, { ...soon, message: "recovered" }).toBe(200);
      await app.settle();
      const { count, ...found } = await held(app);
      const taken = answers.map((_status, number) => (found[`n${number}`] ?? 0) as number);
      const least = answers.map((status) => (status === 200 ? 1 : 0) as number);
      expect(answers.length).toBeGreaterThan(90);
      expect(new Set(answers)).toEqual(new Set([200, 503]));
      const lost = taken.filter((times, number) => times < least[number]!);
      const twice = taken.filter((times) => times > 1);
      expect({ lost, twice }).toEqual({ lost: [], twice: [] });
      expect(count).toBe(taken.reduce((sum, times) => sum + times, 0));
    });

    const silences: readonly (readonly [name: string, line: Line, statuses: readonly number[]])[] = [
      ["hangs", "hangs", [503]],
      // The other connections, where there are some, go on.
      ["stops for ever in the middle of a reply", { cut: "hang", after: "half" }, [200, 503]],
    ];
    test.each(silences)("that %s while 50 requests arrive: every request is answered", async (_name, line, statuses) => {
      const app = await begun({ most: 1000 });
      await app.proxy.set(line);
      const works = Array.from({ length: 50 }, (_, index) => points[index % points.length]!.work);
      const answers = await Promise.all(works.map(async (work) => (await app.run(work, fresh(app)())).status));
      expect(answers).toContain(503);
      expect(answers.filter((status) => !statuses.includes(status))).toEqual([]);
      await app.proxy.set("passes");
      await app.settle();
      await expect.poll(app.waiting, soon).toBe(0);
      await again(app.patient, read, fresh({ ...app, browser: app.patient.browser }));
    });

    test("that is paused is answered 503, and is used again when it continues", async () => {
      const app = await begun();
      const goOn = await server.pause();
      try {
        expect(await look(await app.run(read, fresh(app)()))).toEqual(unavailable);
        expect(await look(await app.run(increment, fresh(app)()))).toEqual(unavailable);
        expect((await app.run(() => undefined)).status).toBe(200);
      } finally {
        goOn();
      }
      await app.settle();
      // The second one did not get as far as its change.
      expect((await held(app))["a"]).toBe(1);
    });

    test(`that was restarted ${isDurable ? "has what it had" : "is empty: no error, and no cookie is cleared"}`, async () => {
      const app = await begun();
      await server.restart();
      expect(await held(app)).toEqual(isDurable ? { a: 1, word: "private word" } : {});
      const fine = { status: 200, retryAfter: null, cookies: [], leaks: false };
      await expect
        .poll(async () => look(await app.patient.run(read, fresh({ ...app, browser: app.patient.browser })())), soon)
        .toEqual(fine);
      const client = app.patient.browser();
      await again(
        app.patient,
        async (_store, session) => (await session()).set("b", 2),
        () => ({ client }),
      );
      await expect.poll(() => app.patient.data({ client }), soon).toEqual({ b: 2 });
    });
  });
});
