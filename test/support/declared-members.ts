import { packageNames, readSources } from "./sources.ts";

/** A member of an interface or a class, as its source declares it. */
export interface Member {
  readonly name: string;
  /** What its comment says after "Default", without backticks; `undefined` if it has no default. */
  readonly default: string | undefined;
}

const texts = packageNames.flatMap((name) => readSources(name).map(({ text }) => text));

/**
 * The public members of an exported interface or class, anywhere in the packages.
 *
 * @throws Error when there is none of that name, or more than one.
 */
export function membersOf(declared: string): readonly Member[] {
  const start = new RegExp(String.raw`^export (?:interface|class) ${declared}\b[^]*?^\}$`, "gm");
  const found = texts.flatMap((text) => text.match(start) ?? []);
  if (found.length !== 1) throw new Error(`${found.length} sources declare ${declared}.`);
  const members = new Map<string, Member>();
  const member = /^ {2}(?:\/\*\*([^]*?)\*\/\n {2})?(?:readonly |async |get |\*)*([a-z]\w*)(?:\?|[(<:]| =)/gm;
  for (const [, comment = "", name = ""] of found[0]!.matchAll(member)) {
    if (name === "constructor" || members.has(name)) continue;
    members.set(name, { name, default: /\bDefault:? (?:`([^`]+)`|"([^"]+)"|([^.:;]+))/.exec(comment)?.slice(1).find(Boolean) });
  }
  return [...members.values()];
}
