// Reads the command line of `npm run bench`.
import { parseArgs } from "node:util";
import { findNode, known } from "./measure/nodes.mjs";
import { UsageError } from "./usage-error.mjs";

/** `--check` warms up like a recording: servers get faster during the first 20,000 responses, ours for longer than most. */
const kinds = {
  full: { rounds: 9, seconds: 0.8, warmUp: 20_000 },
  quick: { rounds: 3, seconds: 0.1, warmUp: 2000 },
  check: { rounds: 7, seconds: 0.3, warmUp: 20_000 },
};

/**
 * @param parts - What can be measured.
 * @returns `measure` (a list of `{ part, wanted }`), `nodes`, the `plan` for all, and where the results go.
 * @throws UsageError
 */
export function readOptions(parts, args = process.argv.slice(2)) {
  const { values } = parse(args);
  const kind = values.check ? "check" : values.quick ? "quick" : "full";
  const rounds = values.rounds === undefined ? kinds[kind].rounds : Number(values.rounds);
  const seconds = values.seconds === undefined ? kinds[kind].seconds : Number(values.seconds);
  if (values.check && (values.record || values.quick)) throw new UsageError("--check goes with neither --record nor --quick.");
  if (!(Number.isInteger(rounds) && rounds > 0)) throw new UsageError("--rounds takes a whole number from 1 on.");
  if (!(seconds > 0)) throw new UsageError("--seconds takes a number over 0.");
  return {
    measure: select(parts, values.only?.split(",")).filter(({ part }) => !values.check || (part.isChecked ?? true)),
    nodes: selectNodes(values.node, kind).map(findNode),
    plan: { ...kinds[kind], rounds, seconds, isQuick: kind === "quick", onlyEssential: values.check },
    isCheck: values.check,
    isRecorded: values.record,
    isWhole: values.only === undefined && values.node === undefined,
    json: values.json,
  };
}

function parse(args) {
  try {
    return parseArgs({
      args,
      options: {
        quick: { type: "boolean", default: false },
        check: { type: "boolean", default: false },
        record: { type: "boolean", default: false },
        node: { type: "string" },
        only: { type: "string" },
        rounds: { type: "string" },
        seconds: { type: "string" },
        json: { type: "string" },
      },
    });
  } catch (error) {
    throw new UsageError(error.message);
  }
}

/** Whole parts by their names, single scenarios by theirs. */
function select(parts, only) {
  const names = parts.flatMap(({ name, scenarios }) => [name, ...scenarios]);
  const unknown = only?.find((each) => !names.includes(each));
  if (unknown !== undefined)
    throw new UsageError(`--only takes ${[...new Set(names)].join(", ")}, with commas between them; "${unknown}" is none.`);
  const isWanted = (...any) => only === undefined || any.some((name) => only.includes(name));
  return parts
    .map((part) => ({ part, wanted: part.scenarios.filter((scenario) => isWanted(part.name, scenario)) }))
    .filter(({ wanted }) => wanted.length > 0);
}

function selectNodes(named, kind) {
  if (named === undefined) return kind === "quick" ? known.slice(0, 1) : known;
  const names = named.split(",");
  const unknown = names.find((each) => !known.includes(each));
  if (unknown !== undefined) throw new UsageError(`--node takes ${known.join(" and ")}; "${unknown}" is neither.`);
  return names;
}
