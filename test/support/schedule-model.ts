/** What one request does with the session, in the order of its operations. */
export interface Plan {
  readonly operations: readonly Operation[];
  readonly end: "answer" | "error" | "log out" | "log in" | "renew" | "let time pass" | "let the session expire";
}

export type Operation =
  | { readonly type: "set" | "delete"; readonly key: "a" | "b" }
  | { readonly type: "increment" | "update" | "clear" | "flash" | "take flashes" | "read" | "commit" };

/** The result of a request. */
export interface Outcome {
  readonly plan: Plan;
  /** Its number, which is in the values that it writes. */
  readonly number: number;
  readonly status: number;
  /** Whether its changes were dropped because the session had ended. */
  readonly dropped: boolean;
  /** Messages that its response shows. */
  readonly shown: readonly string[];
  /** The cookie that it sends, if any. */
  readonly cookie: string | undefined;
}

type Values = ReadonlyMap<string, unknown>;

/** The contents of the session before the requests. */
export const initial = { a: "first", n: 0, list: [] as readonly number[] };
export const initialFlashes = ["m0", "m1"];
export const keys = ["a", "b", "n", "list"] as const;

/** What a request with this number does between two commits. */
interface Part {
  readonly operations: readonly Operation[];
  readonly number: number;
  /** Its position among the parts of its request. */
  readonly place: number;
}

/** The parts of a request, each of which is one change. An error drops those after the last commit. */
function partsOf({ plan, number }: Pick<Outcome, "plan" | "number">): readonly Part[] {
  const parts: Part[] = [{ operations: [], number, place: 0 }];
  for (const operation of plan.operations) {
    const last = parts.at(-1)!;
    if (operation.type === "commit") parts.push({ operations: [], number, place: parts.length });
    else parts[parts.length - 1] = { ...last, operations: [...last.operations, operation] };
  }
  return plan.end === "error" ? parts.slice(0, -1) : parts;
}

/** Applies one part to a plain map. */
function perform(before: Values, { operations, number }: Part): Values {
  const values = new Map(before);
  for (const operation of operations) {
    switch (operation.type) {
      case "set":
        values.set(operation.key, `of ${number}`);
        break;
      case "delete":
        values.delete(operation.key);
        break;
      case "increment":
        values.set("n", ((values.get("n") as number | undefined) ?? 0) + 1);
        break;
      case "update":
        values.set("list", [...((values.get("list") as readonly number[] | undefined) ?? []), number]);
        break;
      case "clear":
        values.clear();
        break;
      case "flash":
      case "take flashes":
      case "read":
      case "commit":
        break;
    }
  }
  return values;
}

/** Every order in which the parts may have been committed. The parts of one request keep their order. */
function* orders(parts: readonly Part[]): Generator<readonly Part[]> {
  if (parts.length === 0) yield [];
  for (const [i, first] of parts.entries()) {
    if (parts.some(({ number, place }) => number === first.number && place < first.place)) continue;
    for (const rest of orders(parts.toSpliced(i, 1))) yield [first, ...rest];
  }
}

/** The values that a key may have after the requests, each as JSON, one for each order in which they may have been committed. */
export function possible(before: Record<string, unknown>, outcomes: readonly Pick<Outcome, "plan" | "number">[], key: string): Set<string> {
  const found = new Set<string>();
  for (const order of orders(outcomes.flatMap(partsOf))) {
    const after = order.reduce(perform, new Map(Object.entries(before)) as Values);
    found.add(JSON.stringify(after.get(key) ?? null));
  }
  return found;
}

/** The messages of a request that are saved. */
export function added({ plan, number }: Pick<Outcome, "plan" | "number">): readonly string[] {
  const kept = plan.end === "error" ? plan.operations.findLastIndex(({ type }) => type === "commit") : plan.operations.length;
  return plan.operations.flatMap(({ type }, i) => (type === "flash" && i < kept ? [`${number}.${i}`] : []));
}
