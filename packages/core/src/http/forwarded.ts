import { BlockList, isIP } from "node:net";
import { ConfigError } from "./errors.ts";
import { listItems } from "./headers.ts";

/**
 * Which peers are trusted proxies, whose `X-Forwarded-*` headers are used: none, all, those on this machine, or addresses and CIDR
 * blocks.
 */
export type TrustProxy = boolean | "loopback" | readonly string[];

function blockList(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = "", bits, rest] = entry.split("/");
    const family = isIP(address);
    const prefix = bits === undefined ? undefined : Number(bits);
    const wrong =
      family === 0 || rest !== undefined || (bits !== undefined && !/^\d{1,3}$/.test(bits)) || (prefix ?? 0) > (family === 4 ? 32 : 128);
    if (wrong) throw new ConfigError(`Cannot trust the proxy "${entry}": write an IP address or a CIDR block such as "10.0.0.0/8".`);
    const type = family === 4 ? "ipv4" : "ipv6";
    if (prefix === undefined) list.addAddress(address, type);
    else list.addSubnet(address, prefix, type);
  }
  return list;
}

/**
 * An IP address, as proxies write it: alone, with a port, in brackets, or an IPv4 address mapped into IPv6, which is the same address.
 * `undefined` for anything else.
 */
function addressIn(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const bare =
    isIP(text) !== 0
      ? text
      : (/^(?:\[([^\]]*)\]|([\d.]+))(?::\d{1,5})?$/
          .exec(text)
          ?.slice(1)
          .find((each) => each !== undefined) ?? "");
  const plain = /^::ffff:(?=[\d.]+$)/i.test(bare) ? bare.slice(7) : bare;
  return isIP(plain) === 0 ? undefined : plain;
}

/** What trusted proxies say about the client of a request. */
export interface Forwarded {
  /** Address of the client; `undefined` without a connection. */
  readonly ip: string | undefined;
  readonly protocol: string | undefined;
  readonly host: string | undefined;
  /** The id that the nearest proxy gave the request. */
  readonly requestId: string | undefined;
}

/** Request ids of the usual forms: UUIDs, ULIDs, trace ids, with a prefix. */
const requestId = /^[\w.:=@+/-]{1,128}$/;

/** The trusted proxies, and what their headers say. */
export class Proxies {
  /** `undefined`: all, even the peer of a request without a connection. */
  readonly #list: BlockList | undefined;

  /** @throws ConfigError for an entry that is neither an address nor a CIDR block. */
  constructor(trust: Exclude<TrustProxy, false>) {
    if (trust !== true) this.#list = blockList(trust === "loopback" ? ["127.0.0.0/8", "::1"] : trust);
  }

  #trusts(address: string | undefined): boolean {
    if (this.#list === undefined) return true;
    return address !== undefined && this.#list.check(address, isIP(address) === 4 ? "ipv4" : "ipv6");
  }

  /**
   * Reads the forwarded headers from the right, one entry for each trusted proxy. The client may have written the entries further
   * left itself.
   *
   * @param peerAddress - Address of the client or proxy at the other end of the connection.
   */
  read(peerAddress: string | undefined, header: (name: string) => string | null): Forwarded {
    const peer = addressIn(peerAddress);
    if (!this.#trusts(peer)) return { ip: peer, protocol: undefined, host: undefined, requestId: undefined };
    const addresses = listItems(header("x-forwarded-for")).map(addressIn);
    let hops = 1;
    while (hops < addresses.length && this.#trusts(addresses[addresses.length - hops])) hops++;
    const at = <Item>(items: readonly Item[]) => items[Math.max(0, items.length - hops)];
    const protocol = at(listItems(header("x-forwarded-proto")))?.toLowerCase();
    return {
      ip: at(addresses) ?? peer,
      protocol: protocol === "https" || protocol === "http" ? protocol : undefined,
      host: at(listItems(header("x-forwarded-host")))?.toLowerCase(),
      requestId: requestId.exec(header("x-request-id") ?? "")?.[0],
    };
  }
}
