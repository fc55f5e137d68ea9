import type { IncomingMessage } from "node:http";
import type { IncomingHttpHeaders } from "node:http2";

/** Hosts that are known to be some, at most this many. */
const mostHosts = 1000;

/** Judges the head of requests by what RFC 9112 and RFC 9113 refuse and Node takes. */
export class Admission {
  readonly #hosts = new Set<string>();

  /** The same over HTTP/2; RFC 9113 §8.3.1: of two hosts that differ it would be unclear which one counts. */
  refusalOfStream({ ":authority": authority, host = authority }: IncomingHttpHeaders): number | undefined {
    const isOne = authority === undefined || authority === host;
    return host !== undefined && isOne && this.#isHost(host) ? undefined : 400;
  }

  /** The status that a request over HTTP/1 is refused with; `undefined`: it is fine. */
  refusal({ method, url, headers, rawHeaders, httpVersionMajor, httpVersionMinor }: IncomingMessage): number | undefined {
    if (httpVersionMajor !== 1) return 505;
    const { host } = headers;
    // Section 3.2: one, and of HTTP/1.0 none at most. Of several it would be unclear which one counts.
    if (host === undefined ? httpVersionMinor > 0 : !this.#isHost(host) || hasHosts(rawHeaders)) return 400;
    // Section 3.2.4.
    if (url === "*" && method !== "OPTIONS") return 400;
    // Section 6.1: a coding that would have to be undone.
    const coding = headers["transfer-encoding"];
    return coding !== undefined && coding.toLowerCase() !== "chunked" ? 501 : undefined;
  }

  /** Whether a URL can have it; the empty one is that of a target without an authority. */
  #isHost(host: string): boolean {
    if (host === "" || this.#hosts.has(host)) return true;
    if (!URL.canParse(`http://${host}/`)) return false;
    if (this.#hosts.size < mostHosts) this.#hosts.add(host);
    return true;
  }
}

function hasHosts(rawHeaders: readonly string[]): boolean {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!;
    if (name.length === 4 && name.toLowerCase() === "host" && ++hosts > 1) return true;
  }
  return false;
}
