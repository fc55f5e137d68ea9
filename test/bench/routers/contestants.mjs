// The routers that are measured, by name. Each is loaded only in its own process and gives `{ build, read }`:
//   build(rules)     the lookup: what it gives for a path is whatever that router calls a result
//   read(result)     `{ rule, params }`, or undefined where nothing was found; only what is checked is read
const root = new URL("../../../", import.meta.url);

/** The rule's path where a wildcard is written otherwise than `*path`. */
const withWildcard = ({ path }, wildcard) => path.replace("*path", wildcard);

/** Parameters with the wildcard's, which some call "*". */
const named = ({ "*": path, ...params }) => (path === undefined ? params : { ...params, path });

async function mini() {
  const { Rule } = await import(new URL("packages/core/dist/index.js", root));
  const { Router } = await import(new URL("packages/core/dist/routing/router.js", root));
  return {
    build(rules) {
      const originals = new Map(rules.map((each) => [new Rule(each.path), each]));
      const router = new Router([...originals.keys()], { target: (rule) => originals.get(rule), methods: () => ["GET"] });
      return (path) => router.match("GET", path);
    },
    read: ({ type, target, params }) => (type === "found" ? { rule: target, params: joined(params) } : undefined),
  };
}

const joined = (params) =>
  Object.fromEntries(Object.entries(params).map(([name, value]) => [name, Array.isArray(value) ? value.join("/") : value]));

async function findMyWay() {
  const { default: create } = await import("find-my-way");
  return {
    build(rules) {
      const router = create();
      for (const rule of rules) router.on("GET", withWildcard(rule, "*"), () => {}, rule);
      return (path) => router.find("GET", path);
    },
    read: (found) => (found === null ? undefined : { rule: found.store, params: named(found.params) }),
  };
}

async function rou3Router() {
  const { addRoute, createRouter, findRoute } = await import("rou3");
  const create = (rules) => {
    const router = createRouter();
    for (const rule of rules) addRoute(router, "GET", withWildcard(rule, "**:path"), rule);
    return router;
  };
  return {
    create,
    build(rules) {
      const router = create(rules);
      return (path) => findRoute(router, "GET", path);
    },
    read: (found) => (found === undefined ? undefined : { rule: found.data, params: { ...found.params } }),
  };
}

async function rou3Compiled() {
  const { create, read } = await rou3Router();
  const { compileRouter } = await import("rou3/compiler");
  return {
    build(rules) {
      const find = compileRouter(create(rules));
      return (path) => find("GET", path);
    },
    read,
  };
}

async function memoirist() {
  const { Memoirist } = await import("memoirist");
  return {
    build(rules) {
      const router = new Memoirist();
      for (const rule of rules) router.add("GET", withWildcard(rule, "*"), rule);
      return (path) => router.find("GET", path);
    },
    read: (found) => (found === null ? undefined : { rule: found.store, params: named(found.params) }),
  };
}

async function medley() {
  const { default: Router } = await import("@medley/router");
  return {
    build(rules) {
      const router = new Router({ storeFactory: () => ({ GET: undefined }) });
      for (const rule of rules) router.register(withWildcard(rule, "*")).GET = rule;
      return (path) => router.find(path);
    },
    read: (found) => (found === null ? undefined : { rule: found.store.GET, params: named(found.params) }),
  };
}

/** Hono gives all rules that match, best first, and parameters as a map or as places in a list. */
const hono = (load) => async () => {
  const create = await load();
  return {
    build(rules) {
      const router = create();
      for (const rule of rules) router.add("GET", withWildcard(rule, ":path{.+}"), rule);
      return (path) => router.match("GET", path);
    },
    read([[first], values]) {
      if (first === undefined) return undefined;
      const [rule, params] = first;
      return { rule, params: Object.fromEntries(Object.entries(params).map(([name, value]) => [name, values?.[value] ?? value])) };
    },
  };
};

const honoRegExp = hono(async () => {
  const { RegExpRouter } = await import("hono/router/reg-exp-router");
  return () => new RegExpRouter();
});

const honoTrie = hono(async () => {
  const { TrieRouter } = await import("hono/router/trie-router");
  return () => new TrieRouter();
});

const honoSmart = hono(async () => {
  const { RegExpRouter } = await import("hono/router/reg-exp-router");
  const { SmartRouter } = await import("hono/router/smart-router");
  const { TrieRouter } = await import("hono/router/trie-router");
  return () => new SmartRouter({ routers: [new RegExpRouter(), new TrieRouter()] });
});

async function pathToRegexp() {
  const { match } = await import("path-to-regexp");
  return {
    build(rules) {
      const list = rules.map((rule) => ({ rule, match: match(rule.path, { sensitive: true, trailing: false }) }));
      return (path) => {
        for (const { rule, match: matches } of list) {
          const found = matches(path);
          if (found !== false) return { rule, params: found.params };
        }
        return undefined;
      };
    },
    read: (found) => (found === undefined ? undefined : { rule: found.rule, params: joined(found.params) }),
  };
}

/** Ours twice: what tells the two apart is noise. */
export const contestants = {
  mini,
  "mini again": mini,
  "find-my-way": findMyWay,
  rou3: rou3Router,
  "rou3 compiled": rou3Compiled,
  memoirist,
  "@medley/router": medley,
  "hono RegExpRouter": honoRegExp,
  "hono TrieRouter": honoTrie,
  "hono SmartRouter": honoSmart,
  "path-to-regexp list": pathToRegexp,
};

/** What to know when reading the tables. */
export const notes = [
  "The time of the build is that of the first one in its process, and includes the first lookup.",
  "Ours, find-my-way and path-to-regexp decode parameters; the others leave that to whoever calls them.",
  "Hono's routers also give the rules that match less well, and RegExpRouter gives parameters as places in a list.",
];
