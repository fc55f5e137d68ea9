import { ConfigError } from "../http/errors.ts";
import type { Request } from "../context/request.ts";

/** Who may send writes from another origin. `false`: the application sees to it itself. */
export type CrossOriginOption =
  | false
  | {
      /** Origins such as `"https://admin.example.com"`: scheme, host and, unless it is the scheme's own, port. */
      readonly trusted?: readonly string[] | undefined;
    };

/** Methods that change nothing by their definition; RFC 9110 §9.2.1. */
const safe: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/** Judges whether a request that may change something comes from a page of this site, by what browsers say of it. */
export class CrossOrigin {
  readonly #off: boolean;
  readonly #trusted: ReadonlySet<string>;

  /** @throws ConfigError for an entry that is not exactly an origin. */
  constructor(option: CrossOriginOption) {
    this.#off = option === false;
    const trusted = option === false ? [] : (option.trusted ?? []);
    for (const origin of trusted) {
      // "null", which browsers send for pages of no origin, is no URL.
      const parsed = URL.canParse(origin) ? new URL(origin) : undefined;
      if (parsed?.origin !== origin) {
        throw new ConfigError(
          `Cannot trust the origin ${JSON.stringify(origin)}: write scheme, host and port alone, such as "https://admin.example.com".`,
        );
      }
    }
    this.#trusted = new Set(trusted);
  }

  trusts(origin: string): boolean {
    return this.#trusted.has(origin);
  }

  /** Whether the request may go on. */
  allows(request: Request): boolean {
    if (safe.has(request.method) || this.#off) return true;
    const site = request.headers.get("sec-fetch-site");
    if (site === "same-origin" || site === "none") return true;
    const origin = request.headers.get("origin");
    if (origin !== null && this.#trusted.has(origin)) return true;
    if (site !== null) return false;
    return origin === null || sameHost(origin, request.host);
  }
}

/** Whether an origin has the host and port that the request asked for; the scheme may have been ended by a proxy. */
function sameHost(origin: string, host: string): boolean {
  if (!URL.canParse(origin)) return false;
  const { protocol, host: originHost } = new URL(origin);
  if (protocol !== "https:" && protocol !== "http:") return false;
  const asked = `${protocol}//${host}`;
  return URL.canParse(asked) && new URL(asked).host === originHost;
}
