import { domainToASCII } from "node:url";
import { ConfigError } from "./errors.ts";

/**
 * The grammar of hosts in URLs and in `Host` headers: a name or an IPv4 address, or an IPv6 address in brackets, and a port. These are
 * the parts of RFC 3986 §3.2.2 and §3.2.3 that http URLs use. Underscores are accepted too: DNS host names do not allow them, but some
 * hosts have them.
 */
const label = /^[\w-]+$/;
const name = /^[\w-]+(?:\.[\w-]+)*\.?$/;
const host = /^(?:[\w-]+(?:\.[\w-]+)*\.?|\[[\da-f:.]+\])(?::\d{1,5})?$/i;

/** Replaces an invalid host in the URL of a request. It is never served. */
export const unknownHost = "_invalid_";

/** Whether text can stand between two dots of a host name. */
export function isHostLabel(text: string): boolean {
  return label.test(text);
}

/** Whether text is a host name or an IPv4 address, without a port. */
export function isHostName(text: string): boolean {
  return name.test(text);
}

/** Whether text is a host, with or without a port. */
export function isHost(text: string): boolean {
  return host.test(text);
}

export function withoutPort(text: string): string {
  return text.replace(/:\d*$/, "");
}

/** The port of a host with its colon; empty for none. */
export function portOf(text: string): string {
  return /:\d+$/.exec(text)?.[0] ?? "";
}

/** A host without the dot that a name may end with, for the comparison with a name. RFC 3986 §3.2.2. */
export function withoutFinalDot(text: string): string {
  return text.replace(/\.(?=:\d*$|$)/, "");
}

/**
 * The normal form of a host: in lower case, a name in ASCII and without a final dot, an address in its shortest form, a port only if
 * it is not the one of the scheme. `undefined` for anything that is not a host.
 */
export function normalHost(text: string, secure: boolean): string | undefined {
  const url = `${secure ? "https" : "http"}://${text}`;
  return isHost(text) && URL.canParse(url) ? withoutFinalDot(new URL(url).host) : undefined;
}

/**
 * Letters of other scripts, and what a name in ASCII may have. `domainToASCII()` would drop other characters, and everything after
 * them.
 */
const foreignName = /^(?=.*[^\0-\x7f])[\w.\-\u0080-\u{10ffff}]+$/u;

/** A host name in other scripts as ASCII (IDNA), with its port; any other text as it is. */
export function asciiHost(text: string): string {
  const port = portOf(text);
  const name = text.slice(0, text.length - port.length);
  return foreignName.test(name) ? `${domainToASCII(name) || name}${port}` : text;
}

/** Whether a URL has the scheme and port of another one, or those of https instead of those of http. */
export function isSameOrUpgrade(own: URL, to: URL): boolean {
  return own.port === to.port && (own.protocol === to.protocol || (own.port === "" && to.protocol === "https:"));
}

/** The hosts that requests may be sent to. */
export class TrustedHosts {
  /** Names and addresses, each with a port or without. */
  readonly #hosts = new Set<string>();

  /** @throws ConfigError for an entry that no host of a request can equal, and for a list without entries. */
  constructor(entries: readonly string[]) {
    if (!Array.isArray(entries) || entries.length === 0) {
      throw new ConfigError('trustedHosts must be an array of hosts, such as ["www.example.com"]; left out, any host is served.');
    }
    for (const entry of entries as readonly unknown[]) {
      const text = typeof entry === "string" ? entry : "";
      const port = portOf(text);
      const known = normalHost(asciiHost(text), false);
      if (known === undefined) {
        throw new ConfigError(
          `Cannot trust the host ${JSON.stringify(entry)}: write only its name or address, such as "www.example.com" or "[::1]", with or without a port.`,
        );
      }
      this.#hosts.add(port === "" ? known : `${withoutPort(known)}:${Number(port.slice(1))}`);
    }
  }

  /** Whether a host is served. An entry without a port serves all of its ports. */
  has(text: string, secure: boolean): boolean {
    if (this.#hosts.has(text) || this.#hosts.has(withoutPort(text))) return true;
    const normal = normalHost(text, secure);
    if (normal === undefined) return false;
    const named = withoutPort(normal);
    // A host without a port is at the port of its scheme.
    return this.#hosts.has(named) || this.#hosts.has(named === normal ? `${named}:${secure ? 443 : 80}` : normal);
  }
}
