import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { root, temporaryFolder } from "../support/folder.ts";
import { runCompiler } from "../support/compiler.ts";

const head = `
import { App, html, RequestHandler, Rule, Submount, urlFor } from "@mini/core";
import type { StandardSchema } from "@mini/core";
declare const pageNumber: StandardSchema<{ page: string }, { page: number }>;
class User extends RequestHandler {
  get({ id }: { id: string }) { return html\`\${id}\`; }
  show() { return 5; }
}
declare module "@mini/core" {
  interface Register { rules: readonly [Rule<"/users/:id", "user", typeof User>] }
}
`;

/** A wrong line, and what the compiler says of it. */
const cases = {
  "a handler whose parameter has another name": {
    code: `new App({ rules: [new Rule("/w/:name", { handler: User })] });`,
    message: String.raw`error TS2322: Type 'Rule<"/w/:name", never, typeof User, never, string, {}, "", {}, QuerySchema>' is not assignable to type '"handler method \"get\" does not accept the parameters of \"/w/:name\": it takes { id: string }, but the rule passes { name: string }"'.`,
  },
  "parameters of several types": {
    code: `class Typed extends RequestHandler { get(args: { a: number; b?: readonly string[]; c: "x" | "y"; d: boolean; e: Date; f: bigint; g: { h: 1 } }) { return html\`\${args.a}\`; } } new App({ rules: [new Rule("/:a/*b{/:c}", { handler: Typed })] });`,
    message: `it takes { a: number; b?: string[]; c: 'x' | 'y'; d: boolean; e: Date; f: bigint; g: ... }, but the rule passes { a: string; b: string[]; c?: string }`,
  },
  "a rule without parameters": {
    code: `new App({ rules: [new Rule("/w", { handler: User })] });`,
    message: `it takes { id: string }, but the rule has no parameters`,
  },
  "a method that the rule lists and the class lacks": {
    code: `new App({ rules: [new Rule("/users/:id", { handler: User, methods: ["GET", "POST"] })] });`,
    message: String.raw`the handler of the rule \"/users/:id\" has no method \"post\", but the rule lists POST in its methods`,
  },
  "a method that does not accept the query": {
    code: `class Search extends RequestHandler { get(_args: {}, query: { page: string }) { return html\`\${query.page}\`; } } new App({ rules: [new Rule("/search", { handler: Search, query: pageNumber })] });`,
    message: String.raw`handler method \"get\" does not accept the query of \"/search\": the output of its schema is { page: number }`,
  },
  "a method that takes a query, of a rule without a schema": {
    code: `class Find extends RequestHandler { get(_args: {}, query: { page: number }) { return html\`\${query.page}\`; } } new App({ rules: [new Rule("/find", { handler: Find })] });`,
    message: String.raw`handler method \"get\" takes a second argument, the query, but the rule \"/find\" has no schema for its query`,
  },
  "rules that are missing": {
    code: `new App({});`,
    message: `AppOptions<"the rules must be an array of rules: [new Rule(path, { ... })]">`,
  },
  "a function in the place of middleware": {
    code: `new App({ rules: [], middleware: [() => undefined] });`,
    message: `Type '() => undefined' is not assignable to type 'Middleware | MiddlewareClass'.`,
  },
  "an endpoint that another application has": {
    code: `new App({ rules: [new Rule("/", { endpoint: "home" , redirectTo: "/x" })] }).urlFor("user", { id: 1 });`,
    message: `Argument of type '"user"' is not assignable to parameter of type '"home"'`,
  },
  "a lazy handler": {
    code: `new App({ rules: [new Rule("/w/:name", { handler: () => Promise.resolve(User) })] });`,
    message: String.raw`handler method \"get\" does not accept the parameters of \"/w/:name\"`,
  },
  "a rule inside a factory, by its whole path": {
    code: `new App({ rules: [...Submount("/in/:section", [new Rule("/w", { handler: User })])] });`,
    message: String.raw`handler method \"get\" does not accept the parameters of \"/in/:section/w\"`,
  },
  "one of several rules in a list": {
    code: `const list = [new Rule("/users/:id", { handler: User }), new Rule("/w/*id", { handler: User })] as const; new App({ rules: list });`,
    message: String.raw`handler method \"get\" does not accept the parameters of \"/w/*id\"`,
  },
  "an action that gives no answer": {
    code: `new App({ rules: [new Rule("/w", { handler: User, action: "show" })] });`,
    message: String.raw`handler method \"show\" of the rule \"/w\" does not return a Response or Html`,
  },
  "an action that is missing": {
    code: `new App({ rules: [new Rule("/w", { handler: User, action: "shwo" })] });`,
    message: String.raw`the handler of the rule \"/w\" has no method \"shwo\"`,
  },
  "an entry that is not a rule": {
    code: `new App({ rules: [5] });`,
    message: `this is not a Rule; make one with new Rule(path, { ... })`,
  },
  "an unknown endpoint": {
    code: `urlFor("usr", { id: 1 });`,
    message: `Argument of type '"usr"' is not assignable to parameter of type '"user"'`,
  },
  "a missing argument": {
    code: `urlFor("user", { i: 1 });`,
    message: `Property 'id' is missing in type '{ i: number; }' but required in type '{ readonly id: Scalar; }'`,
  },
  "an argument of another type": {
    code: `urlFor("user", { id: new Date() });`,
    message: `Type 'Date' is not assignable to type 'Scalar'`,
  },
} as const;

describe("the compiler names what is wrong with", () => {
  const titles = Object.keys(cases) as (keyof typeof cases)[];
  const lines = titles.map((title) => cases[title].code);
  const first = head.split("\n").length;
  let messages: ReadonlyMap<number, string>;

  beforeAll(async () => {
    const folder = temporaryFolder({
      "package.json": `{ "type": "module" }`,
      "main.ts": `${head}${lines.join("\n")}\n`,
      "tsconfig.json": JSON.stringify({
        extends: join(root, "tsconfig.json"),
        compilerOptions: { rootDir: "/" },
        include: ["main.ts"],
      }),
    });
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "junction");
    const { stdout } = await runCompiler(["-p", folder], folder);
    const found = stdout.split(/\n(?=\S)/).map((message) => [Number(/^main\.ts\((\d+),/.exec(message)?.[1]), message] as const);
    messages = new Map(found);
  });

  test.each(titles)("%s", (title) => {
    expect(messages.get(first + titles.indexOf(title))).toContain(cases[title].message);
  });

  test("reports no other errors", () => {
    expect([...messages.keys()]).toEqual(lines.map((_line, index) => first + index));
  });
});
