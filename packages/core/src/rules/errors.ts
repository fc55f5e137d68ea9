/** The rules of an App are wrong. Thrown at start; the message names every such rule and what to change. */
export class RuleError extends Error {
  readonly code: string = "MINI_RULE";
  /** A sentence for each problem. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[], options?: ErrorOptions) {
    super(problems.length === 1 ? problems[0] : `${problems.length} things are wrong with the rules:\n- ${problems.join("\n- ")}`, options);
    this.problems = problems;
  }

  override get name(): string {
    return "RuleError";
  }
}

/** Two rules match the same requests. Thrown at start; the message names both. */
export class DuplicateRuleError extends RuleError {
  override readonly code = "MINI_DUPLICATE_RULE";

  override get name(): string {
    return "DuplicateRuleError";
  }
}
