import { get, post, postChunks, startRawApp } from "../support/raw-app.ts";
import { count, each, FindingError, Random, type Tally, type Task } from "./random.ts";

const methods = ["GET", "GET", "HEAD", "POST", "POST", "PUT", "OPTIONS", "DELETE", "TRACE", "CONNECT", "BREW", "get", "PRI", ""];
const targets = [
  "/",
  "/echo",
  "/unread",
  "/none",
  "/stream/short",
  "/empty",
  "*",
  "http://a/",
  "http://",
  "//a",
  "/%zz",
  "/a?b#c",
  "",
  "\0",
  "/\xe9",
];
const versions = ["HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/0.9", "HTTP/9.9", "http/1.1", "HTTP/1.1 x", ""];
const lines = [
  "Host: a",
  "Host: a",
  "Host: a b",
  "Host:",
  "Content-Length: 3",
  "Content-Length: 3",
  "Content-Length: 99999",
  "Content-Length: -1",
  "Content-Length : 3",
  "Transfer-Encoding: chunked",
  "Transfer-Encoding: chunked",
  "Transfer-Encoding: gzip, chunked",
  "Transfer-Encoding:\r\n chunked",
  "Connection: close",
  "Connection: keep-alive, Upgrade",
  "Upgrade: websocket",
  "Expect: 100-continue",
  "Content-Type: multipart/form-data; boundary=b",
  "Content-Type: multipart/form-data",
  "Content-Type: application/x-www-form-urlencoded",
  "Cookie: session=v1.e30.0.x; a=%",
  "X-Forwarded-For: 1.1.1.1, x",
  "Accept: */*;q=,application/json",
  "Origin: null",
  "X: \0",
  "X: \xff",
  "X",
  ": x",
  " folded",
];
const ends = ["\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r", ""];
const bodies = [
  "",
  "abc",
  "3\r\nabc\r\n0\r\n\r\n",
  "0\r\n\r\n",
  "zz\r\n",
  "3;x\r\nabc",
  "ffffffffff\r\n",
  "--b\r\n\r\n--b--",
  "a=%zz",
  "\0\xff",
];
const genuine = [
  get("/"),
  post("/echo", "abc"),
  postChunks("/echo", "abc", "de"),
  post("/echo", "--b--\r\n", "Content-Type: multipart/form-data; boundary=b"),
  get("/stream/short", "Connection: close"),
  get("/", "Upgrade: websocket", "Connection: Upgrade"),
  post("/echo", "abc", "Expect: 100-continue"),
];

/** Milliseconds in which a connection that was given up by its client ends, on machines that do much else. */
const patience = 20_000;
/** What a server may refuse: a coding or a method that it does not know, and another version. */
const refusals: readonly string[] = ["501", "505"];
/** Connections at once. */
const lanes = 16;

/** Bytes on sockets, in pieces: requests of a grammar, those that were changed, and some behind each other. */
export async function fuzzRequests({ count: all, ...task }: Task): Promise<Tally> {
  const random = new Random(task.seed);
  const tally: Tally = new Map();
  const app = await startRawApp();

  function request(): string {
    const line = `${random.pick(methods)} ${random.pick(targets)} ${random.pick(versions)}`;
    const end = random.below(4) === 0 ? () => random.pick(ends) : () => "\r\n";
    return [line, ...random.picks(lines, 5), ""].map((each) => each + end()).join("") + random.pick(bodies);
  }

  function bytes(): string {
    const made = Array.from({ length: 1 + random.below(3) }, () => {
      const kind = random.below(4);
      if (kind === 0) return request();
      if (kind === 1) return random.pick(genuine);
      return random.change(random.pick(genuine), request(), 0, 0xff);
    });
    return random.below(50) === 0 ? random.text(400, 0, 0xff) : made.join("");
  }

  /** Pieces of the bytes: all at once, cut in some places, or each byte by itself. */
  function cut(whole: string): string[] {
    const kind = random.below(16);
    if (kind === 0) return [...whole];
    const cuts =
      kind < 8 ? [] : Array.from({ length: 1 + random.below(4) }, () => random.below(whole.length + 1)).toSorted((a, b) => a - b);
    return [0, ...cuts].map((start, index) => whole.slice(start, cuts[index] ?? whole.length));
  }

  async function send(whole: string, pieces: readonly string[], isReset: boolean): Promise<void> {
    const client = await app.open();
    for (const piece of pieces) {
      if (client.socket.writable) await client.send(piece);
    }
    if (isReset) client.reset();
    else client.finish();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => (timer = setTimeout(resolve, patience, undefined)));
    const end = isReset ? { how: "given up", rest: "" } : await Promise.race([client.end(), late]);
    clearTimeout(timer);
    if (end === undefined) throw new FindingError(`The connection stays open for ${patience} ms`, whole);
    const statuses = [...end.rest.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status!);
    const wrong = statuses.find((status) => status.startsWith("5") && !refusals.includes(status));
    if (wrong !== undefined) throw new FindingError(`The answer is ${wrong}`, whole);
    for (const status of statuses.length > 0 ? statuses : [end.how]) count(tally, status);
  }

  async function asUsual(): Promise<void> {
    const client = await app.open();
    await client.send(get("/", "Connection: close"));
    const { body } = await client.answer();
    if (body !== "home") throw new FindingError("An ordinary request is not answered", body);
    await client.end();
  }

  try {
    await each({ ...task, count: Math.ceil(all / lanes), onProgress: (done) => task.onProgress?.(done * lanes) }, async (index) => {
      const group = Array.from({ length: lanes }, () => bytes());
      await Promise.all(group.map((whole) => send(whole, cut(whole), random.below(20) === 0)));
      if (index % 16 === 0) await asUsual();
      app.handled.length = app.brokenOff.length = 0;
      const errors = app.errors.splice(0);
      if (errors.length > 0) throw new FindingError(`An error was logged: ${errors[0]}`, group.join("\n\n"));
      return group.join("\n\n");
    });
    await asUsual();
  } finally {
    await app.close();
  }
  return tally;
}
