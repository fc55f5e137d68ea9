/** HTTP methods that a handler class can answer, and the name of the class's method for each. */
export const knownMethods: ReadonlyMap<string, string> = new Map(
  ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].map((method) => [method, method.toLowerCase()]),
);

/** Methods that change nothing on the server. RFC 9110 §9.2.1. */
export const safeMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/** What `Allow` lists for a resource with these methods, sorted: `HEAD` comes with `GET`, and `OPTIONS` always. RFC 9110 §10.2.1. */
export function allowedMethods(methods: Iterable<string>): readonly string[] {
  const all = new Set(methods).add("OPTIONS");
  if (all.has("GET")) all.add("HEAD");
  return [...all].sort();
}
