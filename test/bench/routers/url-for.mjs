// One way of building URLs in a process of its own; its name is the argument.
import { answer } from "./measure.mjs";
import { builders } from "./url-builders.mjs";

const argsOf = {
  static: () => ({}),
  "one parameter": (number) => ({ id: String(number) }),
  "two parameters": (number) => ({ id: String(number), slug: `summer-picnic-${number.toString(36)}` }),
};

answer(async ({ kinds }) => {
  const builder = await builders[process.argv[2]]();
  const calls = new Map(kinds.map((shape) => [shape, builder(shape)]));
  check(calls);
  return {
    call: (shape) => calls.get(shape),
    inputs: (shape, count, seed) => Array.from({ length: count }, (_each, i) => argsOf[shape]((seed * 7919 + i * 31) % 1e9)),
    report: {},
  };
});

/** @throws Error for another URL than is written here. */
function check(calls) {
  const cases = [
    ["static", {}, "/about/team"],
    ["one parameter", { id: "a b/ä" }, "/users/a%20b%2F%C3%A4/edit"],
    ["two parameters", { id: "7", slug: "x-y?" }, "/articles/7/x-y%3F"],
  ];
  for (const [shape, args, wanted] of cases) {
    const url = calls.get(shape)(args);
    if (url !== wanted) throw new Error(`It builds ${url}, and not ${wanted}`);
  }
}
