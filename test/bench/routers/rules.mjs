// The rules that routers are measured with, and the paths they are asked for. The same numbers give the same of both.

/** What is measured: a path of any rule, of one kind of rule, or of none. */
export const kinds = ["hit", "static", "parameter", "wildcard", "miss"];

const prefixes = ["/api/v1", "/api/v2", "/admin", ""];
const words = ["users", "orders", "invoices", "products", "articles", "projects", "tickets", "resource"];

/** What a rule has after its resource. No parameter has text beside it, for not every router can tell the two apart. */
const shapes = {
  static: ["", "-search", "-export.csv", "-pages/recent", "-pages/stats", "-pages/help/contact"],
  one: ["/:id", "/:id/edit", "/:id/history", "/:id/comments", "/:id/permissions"],
  two: ["/:id/comments/:item", "/:id/attachments/:item/edit"],
  three: ["/:id/comments/:item/replies/:part"],
  wildcard: ["-files/*path"],
};

/** The same with text beside parameters, as in "/users/new" and "/users/:id"; what comes first wins. */
const overlapping = {
  ...shapes,
  static: ["", "/new", "/search", "/export", "/recent", "/stats"],
  wildcard: ["/files/*path"],
};

/** 40% static, 40% with one parameter, 15% with two or three, 5% with a wildcard; a rule of each kind comes early. */
const deck = ["static one wildcard static one two static one static one", "static one two static one three static one static one"].flatMap(
  (half) => half.split(" "),
);

/** Random numbers in [0, 1), the same for the same seed (mulberry32). */
function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const pick = (random, list) => list[Math.floor(random() * list.length)];

/** Name of a resource; no rule has one whose number is beyond those given. */
const resource = (random, number) => `${pick(random, prefixes)}/${pick(random, words)}${number}`;

/**
 * That many rules in path-to-regexp's syntax, as `{ kind, path, pieces }` with text and parameters in turns: a resource's
 * together, and of each those first that win over others.
 */
export function makeRules(size, { overlaps = false, seed = 0 } = {}) {
  const choices = overlaps ? overlapping : shapes;
  const random = randomFrom(size + seed);
  const resources = Array.from({ length: Math.ceil(size / 5) }, (_each, number) => resource(random, number));
  const order = Object.values(choices).flat();
  const chosen = resources.map(() => new Set());
  for (let i = 0; i < size; i++) {
    const kind = deck[i % deck.length];
    let own, shape;
    do [own, shape] = [pick(random, chosen), pick(random, choices[kind])];
    while (own.has(shape));
    own.add(shape);
  }
  const paths = chosen.flatMap((own, i) => order.filter((shape) => own.has(shape)).map((shape) => resources[i] + shape));
  return paths.map((path) => ({ kind: kindOf(path), path, pieces: path.split(/([:*]\w+)/) }));
}

function kindOf(path) {
  if (path.includes("*")) return "wildcard";
  return path.includes(":") ? "parameter" : "static";
}

/** Makes paths that the rules match, or that none does. */
export class Paths {
  #rules;
  #byKind;

  constructor(rules) {
    const of = (...wanted) => rules.filter(({ kind }) => wanted.includes(kind));
    this.#rules = rules;
    this.#byKind = {
      hit: rules,
      static: of("static"),
      parameter: of("parameter"),
      wildcard: of("wildcard"),
      miss: of("static", "parameter"),
    };
  }

  /** Flat strings that no table of strings has seen, as they come from a socket: so no lookup has been prepared before. */
  batch(kind, count, seed) {
    const random = randomFrom(seed);
    return Array.from({ length: count }, () => {
      const { path } = fill(pick(random, this.#byKind[kind]), random);
      return flat(kind === "miss" ? this.#spoil(path, random) : path);
    });
  }

  /** Some paths with what has to be found for them: `{ path, rule, params }`, and `rule` undefined for every other one. */
  sample(count, seed) {
    const random = randomFrom(seed);
    const rules = this.#rules.length <= count ? this.#rules : Array.from({ length: count }, () => pick(random, this.#rules));
    const misses = this.batch("miss", rules.length, seed);
    return rules.flatMap((rule, i) => [
      { rule, ...fill(rule, random) },
      { rule: undefined, path: misses[i], params: {} },
    ]);
  }

  /** Half of the misses begin as a rule does and go on where none does, half are below a resource that is not there. */
  #spoil(path, random) {
    if (random() < 0.5) return `${path}/-/${value(random)}`;
    return `${resource(random, this.#rules.length + Math.floor(random() * 1e6))}/${value(random)}`;
  }
}

const flat = (text) => Buffer.from(text, "latin1").latin1Slice();

/** A path of the rule and its parameters; what a wildcard takes has one to three segments. */
function fill({ pieces }, random) {
  const params = {};
  let path = pieces[0];
  for (let i = 1; i < pieces.length; i += 2) {
    let filled = value(random);
    if (pieces[i].startsWith("*")) for (let more = Math.floor(random() * 3); more > 0; more--) filled += `/${value(random)}`;
    params[pieces[i].slice(1)] = filled;
    path += filled + pieces[i + 1];
  }
  return { path, params };
}

/** A number or a slug, nearly always one that was not there before; it needs no escapes. */
function value(random) {
  const number = Math.floor(random() * 2 ** 30);
  return random() < 0.5 ? String(number) : `${pick(random, words)}-${number}`;
}
