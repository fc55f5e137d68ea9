import type { IncomingMessage, ServerResponse } from "node:http";
import { isHost } from "../http/host.ts";
import type { Origin } from "../http/served-request.ts";

/** The most hosts that are remembered as valid. */
const mostHosts = 1000;

/** The origin that a request was sent to; `undefined`: its URL says it. A number is the status that refuses the request. */
export type Checked = Origin | undefined | number;

/**
 * A path and a query, of characters that the URL parser neither drops nor takes for something else: a backslash would become a
 * slash, `#` would end the target, and controls would disappear. RFC 9112 §3: an invalid target is refused, not repaired.
 */
const originForm = /^\/[!"$->@-[\]-~]*(?:\?[!"$-~]*)?$/;
/** RFC 9112 §3.2.2: the form that is sent to proxies, and that every server has to understand. */
const absoluteForm = /^(https?):\/\/([^/?]+)(\/.*|\?.*)?$/i;

/** Checks the heads of requests for what RFC 9112 and RFC 9113 forbid and Node lets through. */
export class RequestChecks {
  readonly #secure: boolean;
  readonly #acceptsWebSockets: boolean;
  readonly #origins = new Map<string, Origin>();

  /** @param secure - Whether the requests come over TLS. */
  constructor(secure: boolean, acceptsWebSockets = false) {
    this.#secure = secure;
    this.#acceptsWebSockets = acceptsWebSockets;
  }

  /**
   * Checks a request over either version of HTTP. Of its headers only the names are read, and a few values.
   *
   * @param multiplexed - Whether it came over HTTP/2. The version number cannot be trusted: over HTTP/1 the client writes it.
   */
  check(request: IncomingMessage, response: ServerResponse, multiplexed: boolean): Checked {
    const { method = "", url = "", rawHeaders, httpVersionMajor, httpVersionMinor } = request;
    if (!multiplexed && httpVersionMajor !== 1) return 505;
    let authority: string | undefined;
    let host: string | undefined;
    let scheme: string | undefined;
    let coding: string | undefined;
    let upgrades = false;
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const name = rawHeaders[i]!;
      const value = rawHeaders[i + 1]!;
      // The length alone tells almost all other names from these.
      if (name.length === 4 && name.toLowerCase() === "host") {
        // RFC 9112 §3.2: at most one. With several it would be unclear which one counts.
        if (host !== undefined) return 400;
        host = value;
      } else if (name.length === 7) {
        if (name === ":scheme") scheme = value;
        else if (name.toLowerCase() === "upgrade") upgrades = true;
      } else if (name.length === 10) {
        if (name === ":authority") authority = value;
      } else if (name.length === 17 && name.toLowerCase() === "transfer-encoding") {
        coding = coding === undefined ? value : `${coding}, ${value}`;
      }
    }
    if (upgrades) {
      // Node drops what came with such a request: the next one may be cut.
      response.shouldKeepAlive = false;
      // RFC 9110 §7.8: the request for another protocol may be ignored. A client that wants a web socket has no use for a page.
      if (!this.#acceptsWebSockets && isHandshake(request)) return 501;
    }
    if (authority !== undefined) {
      // RFC 9113 §8.3.1: if the two differ, it is unclear which one counts.
      if (host !== undefined && host !== authority) return 400;
      host = authority;
    }
    if (host === undefined && (multiplexed || httpVersionMinor > 0)) return 400;
    if (multiplexed && !this.#serves(scheme)) return 400;
    if (!originForm.test(url) && !(url === "*" ? method === "OPTIONS" : !multiplexed && this.#isAbsolute(url))) return 400;
    const origin = host === undefined ? undefined : this.#originOf(host);
    if (origin === 400 || coding === undefined) return origin;
    // RFC 9112 §6.1: HTTP/1.0 has no transfer codings, so it is unclear where such a request ends.
    if (httpVersionMinor === 0) return 400;
    // A coding that would have to be undone.
    return coding.toLowerCase() === "chunked" ? origin : 501;
  }

  /** RFC 9110 §7.4: a request for https has to come over TLS. A proxy may send one for http over TLS too. */
  #serves(scheme: string | undefined): boolean {
    return scheme === "https" ? this.#secure : scheme === "http";
  }

  #isAbsolute(url: string): boolean {
    const parts = absoluteForm.exec(url);
    if (parts === null || !this.#serves(parts[1]!.toLowerCase())) return false;
    const rest = parts[3] ?? "/";
    return isHost(parts[2]!) && originForm.test(rest.startsWith("?") ? `/${rest}` : rest) && URL.canParse(url);
  }

  /** A target without an authority has the empty host. */
  #originOf(host: string): Checked {
    if (host === "") return undefined;
    const known = this.#origins.get(host);
    if (known !== undefined) return known;
    if (!URL.canParse(`http://${host}/`)) return 400;
    // The application refuses whatever else a URL may have before its path.
    if (!isHost(host)) return undefined;
    const origin = { secure: this.#secure, host: host.toLowerCase() };
    if (this.#origins.size < mostHosts) this.#origins.set(host, origin);
    return origin;
  }
}

/** Whether a request is the handshake of a web socket. RFC 6455 §4.1. */
export function isHandshake({ method, headers, httpVersionMinor }: IncomingMessage): boolean {
  return method === "GET" && httpVersionMinor > 0 && lists(headers.upgrade, "websocket") && lists(headers.connection, "upgrade");
}

/** Whether a header with a list has a token, in any case. */
function lists(value: string | undefined, token: string): boolean {
  return (value ?? "").split(",").some((each) => each.trim().toLowerCase() === token);
}
