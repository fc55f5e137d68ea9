// A request among more and more rules, and a handler that reads more and more often.
import { makeRules, Paths } from "../routers/rules.mjs";
import { verify } from "../measure/verify.mjs";
import { measureGrowth, sizesOf } from "./growth.mjs";

const clients = 32;
/** Of each client; it sends one after the other and begins again. */
const pathsOfClient = 64;
const integer = new Intl.NumberFormat("en");

const server = (who, scenario, amount) => ({ module: new URL(`servers/${who}.mjs`, import.meta.url), args: [scenario, String(amount)] });

const isOfTwo = ({ pieces }) => pieces.filter((piece) => piece.startsWith(":")).length === 2;

/** Looks at some answers; paths of all rules with two parameters, nearly all of them different. */
async function prepareRules(started, { amount }) {
  const paths = new Paths(makeRules(amount).filter(isOfTwo));
  for (const { rule, path, params } of paths.sample(20, 1)) {
    if (rule !== undefined) verify(started.name, await started.fetch({ path }), { type: "application/json", body: params });
  }
  return Array.from({ length: clients }, (_client, i) => paths.batch("hit", pathsOfClient, 2 + i).map((path) => ({ path })));
}

export function measureRules(plan) {
  const steps = sizesOf(plan, [10, 100, 1000, 10_000, 100_000]).map((amount, i) => ({
    size: `${integer.format(amount)} rules`,
    amount,
    mini: server("mini", "rules", amount),
    // It looks for no rule, so that it is the same at each size.
    bare: i === 0 ? server("bare", "rules", amount) : undefined,
  }));
  return measureGrowth({ name: "rules", title: "Two parameters among more and more rules", steps, prepare: prepareRules }, plan);
}

export function measureReaders(plan) {
  const steps = sizesOf(plan, [0, 1, 10, 100]).map((amount) => ({
    size: amount === 1 ? "1 read" : `${amount} reads`,
    amount,
    mini: server("mini", "readers", amount),
    bare: server("bare", "readers", amount),
  }));
  async function prepare(started, { amount }) {
    verify(started.name, await started.fetch({ path: "/" }), { type: "text/plain;charset=utf-8", body: String(amount) });
    return Array(clients).fill([{ path: "/" }]);
  }
  return measureGrowth({ name: "readers", title: "A handler that reads request and local", steps, prepare }, plan);
}
