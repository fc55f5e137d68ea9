import { once } from "node:events";
import { connect } from "node:net";
import { Agent, request, type Dispatcher } from "undici";

/** What was asked of the server, and what came of it. */
export interface Load {
  /** Requests by kind. */
  readonly counts: Readonly<Record<string, number>>;
  /** Those that were not answered as they should be, in words. */
  readonly failures: readonly string[];
}

/** Visitors at once. */
const lanes = 8;
/** Clicks after which a visitor comes without a cookie again. */
const clicksOfSession = 40;
const uploaded = "x".repeat(20_000);
const tooLong = "x".repeat(70_000);

interface Got {
  readonly status: number;
  readonly body: string;
  readonly cookie: string | undefined;
}

export interface RunningLoad extends Load {
  /** Resolves when so many requests have been made. */
  reaches(requests: number): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Asks for everything there is, over and over, until told to stop; `counts` and `failures` grow meanwhile.
 *
 * @param databases - For each database of the server, its name and the name of its backend.
 */
export function startLoad(port: number, databases: Readonly<Record<string, string>> = {}): RunningLoad {
  const base = `http://127.0.0.1:${port}`;
  const agent = new Agent({ connections: lanes });
  const counts: Record<string, number> = {};
  const failures: string[] = [];
  let over = false;
  let made = 0;
  const waiting = new Set<{ readonly requests: number; readonly resolve: () => void }>();

  function note(): void {
    made++;
    for (const each of waiting) {
      if (made < each.requests) continue;
      waiting.delete(each);
      each.resolve();
    }
  }

  async function ask(path: string, options: Partial<Dispatcher.RequestOptions> = {}): Promise<Got> {
    const got = await request(base + path, { ...options, dispatcher: agent } as Parameters<typeof request>[1]);
    const [line = ""] = [got.headers["set-cookie"] ?? ""].flat();
    return { status: got.statusCode, body: await got.body.text(), cookie: line === "" ? undefined : line.split(";", 1)[0] };
  }

  function expectThat({ status, body }: Got, expected: { status: number; body?: string }): void {
    if (status === expected.status && (expected.body === undefined || body === expected.body)) return;
    throw new Error(`${status} ${JSON.stringify(body.slice(0, 80))} in place of ${expected.status} ${expected.body?.slice(0, 80) ?? ""}`);
  }

  /** A visitor who clicks, and expects each click to be counted. */
  function clicker(place: string): () => Promise<void> {
    let [clicks, cookie] = [0, ""];
    return async () => {
      if (clicks === clicksOfSession) [clicks, cookie] = [0, ""];
      const got = await ask(`/count/${place}`, { method: "POST", headers: { cookie } });
      expectThat(got, { status: 200, body: String(++clicks) });
      if (got.cookie !== undefined) cookie = got.cookie;
    };
  }

  /** Sends the beginning of an upload, and breaks off. */
  async function breakUploadOff(): Promise<void> {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    await new Promise((resolve) => socket.write("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\nabc", resolve));
    socket.resetAndDestroy();
  }

  async function breakDownloadOff(): Promise<void> {
    const { body } = await request(`${base}/stream/1000000`, { dispatcher: agent });
    body.once("error", () => undefined);
    await once(body, "data");
    body.destroy();
  }

  const kinds = (lane: number): Readonly<Record<string, () => Promise<void>>> => ({
    page: async () => expectThat(await ask(`/?name=${lane}`), { status: 200, body: `<p>${lane}</p>` }),
    "session in a cookie": clicker("securecookie"),
    "session in memory": clicker("memory"),
    "session in SQLite": clicker("sqlite"),
    ...Object.fromEntries(Object.entries(databases).map(([name, place]) => [`session in ${name}`, clicker(place)])),
    upload: async () =>
      expectThat(await ask("/upload", { method: "POST", body: uploaded }), { status: 200, body: String(uploaded.length) }),
    "upload that is too long": async () => expectThat(await ask("/upload", { method: "POST", body: tooLong }), { status: 413 }),
    stream: async () => expectThat(await ask("/stream/20"), { status: 200, body: "a".repeat(20 * 1024) }),
    "error of ours": async () => expectThat(await ask("/fails"), { status: 500 }),
    "no page": async () => expectThat(await ask("/none"), { status: 404 }),
    "broken-off upload": breakUploadOff,
    "broken-off download": breakDownloadOff,
  });

  async function visit(lane: number): Promise<void> {
    const all = Object.entries(kinds(lane));
    for (let turn = lane; !over; turn++) {
      const [kind, work] = all[turn % all.length]!;
      counts[kind] = (counts[kind] ?? 0) + 1;
      try {
        await work();
      } catch (error) {
        failures.push(`${kind}: ${error instanceof Error ? error.message : String(error)}`);
      }
      note();
    }
  }

  const done = Promise.all(Array.from({ length: lanes }, (_none, lane) => visit(lane)));
  return {
    counts,
    failures,
    reaches: (requests) => new Promise((resolve) => void waiting.add({ requests, resolve })),
    async stop() {
      over = true;
      await done;
      await agent.destroy();
    },
  };
}
