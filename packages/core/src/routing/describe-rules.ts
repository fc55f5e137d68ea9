import type { AnyRule } from "../rules/rule.ts";
import type { RuleTargets } from "./compiled-rule.ts";

/** A row of the table of rules. */
export interface RuleDescription {
  /** `undefined`: any, because the handler class is not loaded yet, or the rule redirects. */
  readonly methods: readonly string[] | undefined;
  /** `undefined`: any. */
  readonly host: string | undefined;
  readonly path: string;
  readonly endpoint: string | undefined;
  /** Name of the handler class, with the action if there is one; or what the rule does without a handler. */
  readonly handler: string;
  /** Names of the middleware classes, in the order in which they run. */
  readonly middleware: readonly string[];
}

export function describeRow(
  rule: AnyRule,
  methods: readonly string[] | undefined,
  describe: RuleTargets<unknown>["describe"],
): RuleDescription {
  const { host, path, endpoint, redirectTo, buildOnly } = rule;
  const does = buildOnly
    ? "(only builds URLs)"
    : redirectTo === undefined
      ? undefined
      : `(redirects${typeof redirectTo === "string" ? ` to ${redirectTo}` : ""})`;
  const { handler, middleware } =
    does === undefined ? (describe?.(rule) ?? { handler: "", middleware: [] }) : { handler: does, middleware: [] };
  return { methods, host, path, endpoint, handler, middleware };
}
