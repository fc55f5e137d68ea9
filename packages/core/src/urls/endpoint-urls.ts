import { BuildError } from "./build-error.ts";
import { isHost, portOf } from "../http/host.ts";
import { mostSimilar } from "./similar-names.ts";
import { groupBy } from "../rules/group-by.ts";
import { hostAsPath } from "../rules/pattern.ts";
import type { AnyRule } from "../rules/rule.ts";
import { schemaQuery } from "./schema-query.ts";
import { UnbuildableUrl, urlArgs, wellFormed, type UrlArgs } from "./url-args.ts";
import type { UrlBuilder } from "./url-builder.ts";

/** Options of `urlFor()`. `scheme` and `host` make the URL absolute. */
export interface UrlOptions {
  /** Whether the URL has scheme and host, those of the running request if no others are given. Default false. */
  readonly absolute?: boolean | undefined;
  /** `http`, `https`, `ws` or `wss`. */
  readonly scheme?: string | undefined;
  /** Host name, with a port if needed. */
  readonly host?: string | undefined;
  /** Fragment, without `#`. */
  readonly anchor?: string | undefined;
}

/** Scheme and host of the running request. */
export interface UrlBase {
  readonly scheme: string;
  readonly host: string;
}

/** Scheme and host of a request. */
export function baseOf({ secure, host }: { readonly secure: boolean; readonly host: string }): UrlBase {
  return { scheme: secure ? "https" : "http", host };
}

/** The options of a caller that passes none. */
export const noOptions: UrlOptions = Object.freeze({});

const schemes = new Set(["http", "https", "ws", "wss"]);

/** A rule and the builder of its URLs. */
export interface BuildableRule {
  readonly rule: AnyRule;
  readonly builder: UrlBuilder;
}

/** Builds the URLs of endpoints: chooses among the rules of an endpoint the one that fits the arguments. */
export class EndpointUrls {
  readonly #rules: ReadonlyMap<string, readonly BuildableRule[]>;

  /** The beginning of every path. */
  readonly #basePath: string;

  constructor(rules: readonly BuildableRule[], basePath: string) {
    this.#basePath = basePath;
    this.#rules = groupBy(
      rules.filter(({ rule }) => rule.endpoint !== undefined),
      ({ rule }) => rule.endpoint!,
    );
  }

  /** The rules of an endpoint, in the order in which they were given; empty for an unknown endpoint. */
  rules(endpoint: string): readonly BuildableRule[] {
    return this.#rules.get(endpoint) ?? [];
  }

  /**
   * The URL of an endpoint.
   *
   * @param base - Scheme and host of the running request. Without it, an absolute URL needs `host`.
   * @throws BuildError that names what is missing or cannot be written into a URL.
   */
  build(endpoint: string, given: UrlArgs, options: UrlOptions = noOptions, base?: UrlBase): string {
    const { absolute = false, scheme, host, anchor } = options;
    try {
      if (options === noOptions) {
        const rules = this.#rules.get(endpoint);
        const path = rules?.length === 1 && rules[0]!.rule.query === undefined ? rules[0]!.builder.buildSimple(given) : undefined;
        if (path !== undefined) return this.#basePath + path;
      }
      const { rule, builder } = this.#best(endpoint, given, host !== undefined, base);
      const args = completed(rule, given);
      const { query } = rule;
      const path = this.#basePath + builder.build(args, query === undefined ? undefined : (all, isUsed) => schemaQuery(query, all, isUsed));
      const fragment = anchor === undefined || anchor === "" ? "" : `#${encodeURIComponent(wellFormed("anchor", anchor))}`;
      const own = host === undefined ? builder.host(args) : undefined;
      if (!absolute && scheme === undefined && host === undefined && !isElsewhere(own, base)) return path + fragment;
      return origin(scheme ?? base?.scheme ?? "http", host ?? (own === undefined ? base?.host : withPort(own, base))) + path + fragment;
    } catch (error) {
      if (error instanceof UnbuildableUrl) throw new BuildError(endpoint, { problem: error.message });
      throw error;
    }
  }

  /**
   * Chooses among the rules that have all their arguments: first the one that uses the most arguments, then the one with the most
   * defaults, then one on this host.
   */
  #best(endpoint: string, args: UrlArgs, hostIsGiven: boolean, base: UrlBase | undefined): BuildableRule {
    const rules = this.#rules.get(endpoint);
    if (rules === undefined) throw new BuildError(endpoint, { nearest: mostSimilar(endpoint, this.#rules.keys()) });
    const [first] = rules;
    if (rules.length === 1 && first!.builder.defaultCount === 0 && first!.builder.missing(args, hostIsGiven).length === 0) return first!;
    let best: { rule: BuildableRule; score: readonly number[] } | undefined;
    for (const rule of rules) {
      const { builder } = rule;
      const known = builder.missing(args, hostIsGiven).length > 0 ? undefined : builder.countKnown(args);
      if (known === undefined) continue;
      const isHere = base !== undefined && !hostIsGiven && isAt(rule, args, base);
      const score = [known, builder.defaultCount, isHere ? 1 : 0];
      if (best === undefined || isMore(score, best.score)) best = { rule, score };
    }
    if (best !== undefined) return best.rule;
    const [missing] = rules.map(({ builder }) => builder.missing(args, hostIsGiven)).sort((one, other) => one.length - other.length);
    if (missing!.length === 0) throw new UnbuildableUrl("its arguments contradict the defaults of its rules");
    throw new BuildError(endpoint, { missing });
  }
}

/** The arguments of a URL, with those that the handler class of its rule adds. */
function completed({ handler, defaults }: AnyRule, args: UrlArgs): UrlArgs {
  const complete = (handler as { readonly [urlArgs]?: (args: UrlArgs) => UrlArgs } | undefined)?.[urlArgs];
  return complete === undefined ? args : { ...complete({ ...defaults, ...args }), ...args };
}

function isAt({ builder }: BuildableRule, args: UrlArgs, base: UrlBase): boolean {
  try {
    const own = builder.host(args);
    return own !== undefined && !isElsewhere(own, base);
  } catch (error) {
    if (error instanceof UnbuildableUrl) return false;
    throw error;
  }
}

function isMore(one: readonly number[], other: readonly number[]): boolean {
  const at = one.findIndex((each, i) => each !== other[i]);
  return at !== -1 && one[at]! > other[at]!;
}

/** Whether the host of a rule, `undefined` for any, is not that of the request. */
export function isElsewhere(own: string | undefined, base: UrlBase | undefined): boolean {
  return own !== undefined && (base === undefined || hostAsPath(base.host) !== hostAsPath(own));
}

/** The host of a rule with the port of the request, because patterns of hosts have no port. */
export const withPort = (host: string, base: UrlBase | undefined) => host + portOf(base?.host ?? "");

/** Scheme and host, as an absolute URL begins. @throws UnbuildableUrl for a missing or invalid one. */
export function origin(scheme: string, host: string | undefined): string {
  if (host === undefined || host === "") throw new UnbuildableUrl("an absolute URL needs a host; pass { host } outside a request");
  if (!schemes.has(scheme)) throw new UnbuildableUrl("the scheme must be http, https, ws or wss");
  if (!isHost(host)) throw new UnbuildableUrl("the host must be a name or an address, with or without a port");
  return `${scheme}://${host}`;
}
