import type { IncomingMessage, ServerResponse } from "node:http";
import type { IncomingHttpHeaders } from "node:http2";
import type { Origin } from "../context/request.ts";

/** Hosts that are known to be some, at most this many. */
const mostHosts = 1000;

/** RFC 3986 §3.2.2 and §3.2.3 as far as an HTTP URL has it: a name or an IPv4 address, or an IPv6 address in brackets; a port. */
const hostAndPort = /^(?:\[[\dA-Fa-f:.]+\]|[\w-]+(?:\.[\w-]+)*)(?::\d{1,5})?$/;

/** Where a request is sent to; `undefined`: what the connection or the target says. A number is the status it is refused with. */
export type Judgement = Origin | undefined | number;

/** Judges the head of requests by what RFC 9112 and RFC 9113 refuse and Node takes. */
export class Admission {
  readonly #secure: boolean;
  readonly #origins = new Map<string, Origin>();

  /** @param secure - Whether the requests come over TLS. */
  constructor(secure: boolean) {
    this.#secure = secure;
  }

  /** The same over HTTP/2; RFC 9113 §8.3.1: of two hosts that differ it would be unclear which one counts. */
  judgeStream({ ":authority": authority, host = authority }: IncomingHttpHeaders): Judgement {
    const isOne = authority === undefined || authority === host;
    return host !== undefined && isOne ? this.#originAt(host) : 400;
  }

  /** Judges a request over HTTP/1, without reading more of its headers than their names. */
  judge({ method, url = "", rawHeaders, httpVersionMajor, httpVersionMinor }: IncomingMessage, response: ServerResponse): Judgement {
    if (httpVersionMajor !== 1) return 505;
    let host: string | undefined;
    let coding: string | undefined;
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const name = rawHeaders[i]!;
      // Almost all other names are told from these by their length.
      if (name.length === 4 && name.toLowerCase() === "host") {
        // Section 3.2: one at most. Of several it would be unclear which one counts.
        if (host !== undefined) return 400;
        host = rawHeaders[i + 1]!;
      } else if (name.length === 7 && name.toLowerCase() === "upgrade") {
        // What came with it Node drops, for no other protocol is spoken here: the next request may be cut.
        response.shouldKeepAlive = false;
      } else if (name.length === 17 && name.toLowerCase() === "transfer-encoding") {
        coding = coding === undefined ? rawHeaders[i + 1]! : `${coding}, ${rawHeaders[i + 1]!}`;
      }
    }
    if (host === undefined && httpVersionMinor > 0) return 400;
    if (!url.startsWith("/") && !(url === "*" ? method === "OPTIONS" : isAbsolute(url))) return 400;
    const origin = host === undefined ? undefined : this.#originAt(host);
    if (origin === 400) return 400;
    // Section 6.1: a coding that would have to be undone.
    return coding !== undefined && coding.toLowerCase() !== "chunked" ? 501 : origin;
  }

  /** The empty host is that of a target without an authority. */
  #originAt(host: string): Judgement {
    if (host === "") return undefined;
    const known = this.#origins.get(host);
    if (known !== undefined) return known;
    if (!URL.canParse(`http://${host}/`)) return 400;
    // What else a URL may have before its path the application refuses.
    if (!hostAndPort.test(host)) return undefined;
    const origin = { secure: this.#secure, host: host.toLowerCase() };
    if (this.#origins.size < mostHosts) this.#origins.set(host, origin);
    return origin;
  }
}

/** Section 3.2.2: what is sent to a proxy, and to be understood here too. */
function isAbsolute(target: string): boolean {
  return /^https?:\/\//i.test(target) && URL.canParse(target);
}
