import { int, matching, number, oneOf, uuid, type Converter, EndpointPrefix, Host, Submount, Rule, type RuleOptions } from "@mini/core";
import { type AnyRule } from "../../packages/core/src/rules/rule.ts";

/** A converter as the facts describe it. */
interface ConverterFacts {
  readonly type: "int" | "float" | "any" | "uuid" | "string" | "pattern";
  readonly min?: number;
  readonly max?: number;
  readonly signed?: boolean;
  readonly items?: readonly string[];
  readonly length?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly regex?: string;
}

/** A rule, or a factory with rules, as the facts describe it. */
export interface RuleFacts {
  readonly factory?: string;
  readonly prefix?: string;
  readonly rules?: readonly RuleFacts[];
  readonly path: string;
  readonly endpoint: string | null;
  readonly methods?: readonly string[];
  readonly strictSlashes?: boolean;
  readonly converters?: Readonly<Record<string, ConverterFacts>>;
  readonly defaults?: Readonly<Record<string, unknown>>;
  readonly subdomain?: string;
  /** A list means one rule for each of its items. */
  readonly host?: string | readonly string[];
  readonly redirectTo?: string | { readonly callable: string };
  readonly redirectToEndpoint?: string;
  readonly buildOnly?: boolean;
}

export interface MapFacts {
  readonly rules: readonly RuleFacts[];
  readonly options?: { readonly strictSlashes?: boolean };
}

function converter({
  type,
  min,
  max,
  signed = false,
  items = [],
  length,
  minLength = 1,
  maxLength,
  regex = "",
}: ConverterFacts): Converter<unknown> {
  switch (type) {
    case "int":
      return min === undefined && max === undefined && !signed ? int : number({ integer: true, min: min ?? (signed ? undefined : 0), max });
    case "float":
      return number({ min: min ?? (signed ? undefined : 0), max });
    case "any":
      return oneOf(...items);
    case "uuid":
      return uuid;
    case "string":
      return matching(new RegExp(length === undefined ? `.{${minLength},${maxLength ?? ""}}` : `.{${length}}`, "su"));
    case "pattern":
      return matching(new RegExp(regex));
  }
}

const callables: Readonly<Record<string, (args: Readonly<Record<string, unknown>>) => string>> = {
  'called with the request context and {id:number}; returns "foo/slug-" + id': ({ id }) => `foo/slug-${(id as number) + 0}`,
  "returns the absolute URL https://other.example/x": () => "https://other.example/x",
};

/** The rules of a map. Subdomains are hosts below the server's name. */
export function rulesOf({ rules, options }: MapFacts, serverName: string | undefined): readonly AnyRule[] {
  const subdomains = JSON.stringify(rules).includes('"subdomain"');
  const server = (serverName ?? "").replace(/:\d+$/, "");
  const below = (subdomain: string) => (subdomain === "" ? server : `${subdomain}.${server}`);
  const make = (facts: RuleFacts, inherited: Readonly<Record<string, ConverterFacts>>): readonly AnyRule[] => {
    const converters = { ...inherited, ...facts.converters };
    const nested = (facts.rules ?? []).flatMap((each) => make(each, converters));
    if (facts.factory === "Submount") return Submount(facts.path, nested);
    if (facts.factory === "Subdomain") return Host(below(facts.subdomain!), nested);
    if (facts.factory === "Host") return Host(facts.host as string, nested);
    if (facts.factory === "EndpointPrefix" || facts.factory === "NamePrefix") return EndpointPrefix(facts.prefix!, nested);
    if (facts.factory === "HandlerPrefix") return nested;
    const options_: RuleOptions = {
      endpoint: facts.endpoint ?? undefined,
      methods: facts.methods,
      strictSlashes: facts.strictSlashes ?? options?.strictSlashes ?? true,
      where: Object.fromEntries(Object.entries(converters).map(([name, each]) => [name, converter(each)])),
      defaults: facts.defaults,
      buildOnly: facts.buildOnly,
      redirectTo: redirectOf(facts),
    };
    const hosts = facts.host ?? (facts.subdomain === undefined ? undefined : below(facts.subdomain));
    return [hosts].flat().map((host) => new Rule(facts.path, { ...options_, host }) as AnyRule);
  };
  const made = rules.flatMap((each) => make(each, {}));
  return subdomains ? (Host(server, made) as readonly AnyRule[]) : made;
}

function redirectOf({ redirectTo, redirectToEndpoint }: RuleFacts): RuleOptions["redirectTo"] {
  if (redirectToEndpoint !== undefined) return { endpoint: redirectToEndpoint };
  return typeof redirectTo === "object" ? callables[redirectTo.callable]! : redirectTo;
}
