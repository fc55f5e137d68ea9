import { EmptyArgs, noArgs, type Args, type NewArgs } from "../rules/arg-reader.ts";
import type { RuleCandidate } from "./rule-candidate.ts";

/**
 * The arguments that a path, and a host, give to the rule they were found for; `undefined`: a converter refuses one.
 *
 * @param encoded - Whether the path has escapes.
 * @throws URIError for a malformed escape in a value.
 */
export function readArgs(candidate: RuleCandidate<unknown>, path: string, host: string | undefined, encoded: boolean): Args | undefined {
  const { segments, readers } = candidate;
  if (segments !== undefined) return candidate.takesNothing ? noArgs : segments.read(path, encoded);
  for (const reader of readers) {
    const args = start(candidate, host);
    if (args !== undefined && reader.fill(args, path, encoded)) return args;
  }
  return undefined;
}

/** The defaults, and what the host gives; `undefined`: a converter refuses that. */
function start({ compiled }: RuleCandidate<unknown>, host: string | undefined): NewArgs | undefined {
  const args = new EmptyArgs();
  const { defaults } = compiled.rule;
  for (const name of compiled.defaults) args[name] = defaults[name];
  const { hostReaders } = compiled;
  return hostReaders === undefined || hostReaders.some((reader) => reader.fill(args, host!, false)) ? args : undefined;
}
