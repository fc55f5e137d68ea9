import { once } from "node:events";
import { connect } from "node:net";
import { within } from "./within.ts";

/** A response as it was sent, with one character for each byte. */
export interface RawAnswer {
  readonly status: number;
  /** Everything that a client could take for a line of the head, the status line first. A single CR or LF ends a line too. */
  readonly lines: readonly string[];
  /** Names of the headers in lower case, in order. */
  readonly names: readonly string[];
  /** Values of one header, by its name in lower case. */
  readonly values: (name: string) => readonly string[];
  readonly body: string;
}

/** Sends bytes unchanged over a new connection, and returns everything that comes back until the server ends the connection. */
export async function sendRaw(port: number, bytes: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let answer = "";
  socket.on("data", (chunk: Buffer) => (answer += chunk.toString("latin1")));
  socket.write(bytes, "latin1");
  await within(`the end of the connection after ${JSON.stringify(bytes.slice(0, 60))}`, once(socket, "close"));
  return answer;
}

/** Reads the responses of one connection, one after the other, each by its Content-Length. */
export function readRaw(answers: string): RawAnswer[] {
  const read: RawAnswer[] = [];
  for (let rest = answers; rest !== "";) {
    const end = rest.indexOf("\r\n\r\n");
    const head = end === -1 ? rest : rest.slice(0, end);
    const lines = head.split(/\r\n|\r|\n/);
    const headers = lines.slice(1).map((line): [string, string] => {
      const [, name = "", value = ""] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
      return [name.toLowerCase(), value];
    });
    const values = (wanted: string) => headers.filter(([name]) => name === wanted).map(([, value]) => value);
    const next = head.length + 4 + Number(values("content-length")[0] ?? Infinity);
    read.push({
      status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]),
      lines,
      names: headers.map(([name]) => name),
      values,
      body: rest.slice(head.length + 4, next),
    });
    rest = rest.slice(next);
  }
  return read;
}

/** Sends GET requests for these targets, unchanged, over one connection. */
export async function getAllRaw(
  port: number,
  targets: readonly string[],
  headers: Readonly<Record<string, string>> = {},
): Promise<RawAnswer[]> {
  const lines = Object.entries({ host: `127.0.0.1:${port}`, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  const requests = targets.map((target, i) => {
    const last = i === targets.length - 1 ? "connection: close\r\n" : "";
    return `GET ${target} HTTP/1.1\r\n${lines.join("")}${last}\r\n`;
  });
  return readRaw(await sendRaw(port, requests.join("")));
}
