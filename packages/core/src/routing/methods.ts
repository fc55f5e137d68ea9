/** The methods that every application knows. If a handler does not have one of them, the response is 405, not 501. */
const generalMethods: readonly string[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/**
 * The methods that a handler class answers if it has them. The names of all others, such as `LOCK`, `SEARCH` and `PURGE`, may
 * be names of helpers too, which no request may call: a rule must list them.
 */
export const classMethods: readonly string[] = [...generalMethods, "QUERY", "PROPFIND", "PROPPATCH", "MKCOL", "MKCALENDAR"];

/**
 * The methods by which an action may be called if its rule lists none and its class has them. Unlike GET, they are checked for
 * other origins.
 */
export const actionMethods: readonly string[] = ["POST", "PUT", "PATCH", "DELETE"];

/** Methods that no rule can answer: they are for proxies and for tracing, and `Request` refuses them (Fetch §2.2.1). */
export const refusedMethods: ReadonlySet<string> = new Set(["CONNECT", "TRACE", "TRACK"]);

/** Methods that change nothing on the server. RFC 9110 §9.2.1. */
export const safeMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * The methods that an application knows; any other is 501.
 *
 * @param rules - The methods of each rule; `undefined`: any, because its class is not loaded yet.
 */
export function methodsOfRules(rules: Iterable<readonly string[] | undefined>): ReadonlySet<string> {
  return new Set([...generalMethods, ...[...rules].flatMap((methods) => methods ?? classMethods)]);
}

/** The methods without `HEAD` and `OPTIONS`, which come with others. */
export function ownMethods(methods: readonly string[]): readonly string[] {
  return methods.filter((name) => name !== "HEAD" && name !== "OPTIONS");
}

/** What `Allow` lists for a resource with these methods, sorted: `HEAD` comes with `GET`, and `OPTIONS` always. RFC 9110 §10.2.1. */
export function allowedMethods(methods: Iterable<string>): readonly string[] {
  const all = new Set(methods).add("OPTIONS");
  if (all.has("GET")) all.add("HEAD");
  return [...all].sort();
}
