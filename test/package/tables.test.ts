import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { App, html, RequestHandler, Rule, SecurityHeaders } from "@mini/core";
import { defaults } from "@mini/session";
import { membersOf } from "../support/declared-members.ts";
import { documents } from "../support/documents.ts";
import { entries, exportedNames } from "../support/entries.ts";
import { root } from "../support/folder.ts";
import { readTable, readTables } from "../support/markdown-table.ts";
import { packageNames, readSources } from "../support/sources.ts";

/** Names in code in the first cell of a row: `` `a(b)`, `c: true` `` are a and c. */
const namesIn = (cell = ""): readonly string[] => Array.from(cell.matchAll(/`([\w.]+)[^`]*`/g), ([, name]) => String(name));

/** A default as a number or a word: `` `"lax"` `` is lax, "16 KiB" and "10,000" are numbers. */
function plain(text: string): string {
  const bare = text.replaceAll(/[`"]/g, "").trim();
  const [, amount, unit] = /^(\d[\d,]*)(?: (KiB|MiB))?$/.exec(bare) ?? [];
  if (amount === undefined) return bare;
  return String(Number(amount.replaceAll(",", "")) * (unit === "MiB" ? 1024 ** 2 : unit === "KiB" ? 1024 : 1));
}

interface List {
  /** The interface or class whose members are listed. */
  readonly declared: string;
  readonly page: string;
  /** Left out, the part of the page before the first heading. */
  readonly heading?: string;
  /** Which table of that part. Default 0. */
  readonly table?: number;
}

const lists: readonly List[] = [
  { declared: "AppOptions", page: "packages/core/README.md", heading: "Settings of an App" },
  { declared: "RuleOptions", page: "packages/core/docs/rules.md", heading: "What a rule can say" },
  { declared: "UrlOptions", page: "packages/core/docs/rules.md", heading: "Building URLs" },
  { declared: "CookieOptions", page: "packages/core/docs/responses.md", heading: "Cookies" },
  { declared: "StaticFilesOptions", page: "packages/core/docs/files.md", heading: "The files of a folder" },
  { declared: "SendFileOptions", page: "packages/core/docs/files.md", heading: "One file" },
  { declared: "Request", page: "packages/core/docs/input.md", heading: "What a request has" },
  { declared: "TestClientOptions", page: "packages/core/docs/testing.md", heading: "A client with cookies" },
  { declared: "TestRequest", page: "packages/core/docs/testing.md", heading: "A client with cookies", table: 1 },
  { declared: "ServerEvent", page: "packages/core/docs/events.md", heading: "What an event has" },
  { declared: "EventsOptions", page: "packages/core/docs/events.md", heading: "Options" },
  { declared: "Session", page: "packages/session/docs/sessions.md", heading: "Read and change" },
  { declared: "SessionOptions", page: "packages/session/docs/sessions.md", heading: "Several sessions" },
  { declared: "RegenerateOptions", page: "packages/session/docs/login.md", heading: "Log in" },
  { declared: "OwnedSession", page: "packages/session/docs/login.md", heading: "Devices", table: 1 },
  { declared: "SessionBackend", page: "packages/session/docs/writing-a-backend.md", heading: "The functions" },
  { declared: "MemoryBackendOptions", page: "packages/session/docs/backends/memory.md" },
  { declared: "RedisBackendOptions", page: "packages/session/docs/backends/redis.md" },
  { declared: "PostgresBackendOptions", page: "packages/session/docs/backends/postgres.md" },
  { declared: "CachedBackendOptions", page: "packages/session/docs/backends/cache.md" },
];

describe("a table of the documents", () => {
  test.for(lists)("has each member of $declared, and no other: $page", ({ declared, page, heading, table = 0 }) => {
    const rows = readTables(page, heading)[table] ?? [];
    const listed = rows.flatMap(([first]) => namesIn(first)).filter((name) => name !== "for"); // "for ... of" is not a name
    expect(new Set(listed)).toEqual(new Set(membersOf(declared).map(({ name }) => name)));
  });

  test.for(lists)("gives $declared the defaults that its comments give: $page", ({ declared, page, heading, table = 0 }) => {
    const rows = readTables(page, heading)[table] ?? [];
    const members = membersOf(declared);
    const wrong = rows.flatMap(([first, second, meaning]) => {
      const member = meaning === undefined ? undefined : members.find(({ name }) => name === namesIn(first)[0]);
      // A default that a comment describes in words is not compared.
      if (member?.default === undefined || !/^[\w"'{[.,:/ \]}-]+$/.test(member.default) || member.default.split(" ").length > 4) return [];
      return plain(member.default) === plain(second!) ? [] : [`${member.name}: ${member.default}, not ${second}`];
    });
    expect(wrong).toEqual([]);
  });

  test("has every setting of serve(), with its default", () => {
    const declared = [
      ...membersOf("ServeOptions").filter(({ name }) => name !== "timeouts"),
      ...membersOf("Timeouts").map((member) => ({ ...member, name: `timeouts.${member.name}` })),
    ];
    const rows = readTable("packages/core/README.md", "Settings of serve");
    const listed = Object.fromEntries(rows.map(([name, value]) => [namesIn(name)[0], plain(value!)]));
    expect(listed).toEqual(Object.fromEntries(declared.map(({ name, default: value = "none" }) => [name, plain(value)])));
  });

  test("has every setting of sessions, with its default", () => {
    const names = [
      ...membersOf("SessionConfig").map(({ name }) => name),
      ...[...membersOf("SessionCookieOptions").map(({ name }) => name), "prefix"].map((name) => `cookie.${name}`),
    ].filter((name) => name !== "cookie");
    const rows = readTable("packages/session/README.md", "Settings");
    const listed = Object.fromEntries(rows.map(([name, value]) => [namesIn(name)[0], plain(value!)]));
    const { cookie, now: _now, backends: _backends, ...rest } = defaults;
    const known: Readonly<Record<string, unknown>> = {
      ...rest,
      ...Object.fromEntries(Object.entries(cookie).map(([name, value]) => [`cookie.${name}`, value])),
      secretKey: "required",
      now: "Date.now",
      logger: "console",
      backends: "{}",
    };
    expect(listed).toEqual(Object.fromEntries(names.map((name) => [name, String(known[name] ?? "none")])));
  });

  test("has every header of SecurityHeaders, with its value", async () => {
    class Home extends RequestHandler {
      get() {
        return html`home`;
      }
    }
    const app = new App({ rules: [new Rule("/", { handler: Home })], middleware: [SecurityHeaders] });
    const { headers } = await app.fetch(new Request("https://localhost/"));
    const rows = readTable("packages/core/docs/security.md", "Security headers");
    const listed = Object.fromEntries(rows.map(([name, value]) => [namesIn(name!.replaceAll("-", "_"))[0], /`([^`]+)`/.exec(value!)?.[1]]));
    const sent = [...headers].filter(([name]) => name !== "content-type" && name !== "content-length");
    expect(listed).toEqual(Object.fromEntries(sent.map(([name, value]) => [name.replaceAll("-", "_"), value])));
  });

  test("has every error that the packages export, with its code", () => {
    const rows = readTables("packages/core/docs/errors.md", "Every error and its remedy")[0]!;
    const listed = Object.fromEntries(rows.map(([name, code]) => [namesIn(name)[0], namesIn(code)[0]]));
    const exported = entries().flatMap(({ file }) => exportedNames(file).values.filter((name) => name.endsWith("Error")));
    const sources = packageNames.flatMap((name) => readSources(name).map(({ text }) => text)).join("\n");
    const codeOf = (name: string) =>
      new RegExp(String.raw`^export class ${name} [^]*?\bcode(?:: string)? = "(\w+)"`, "m").exec(sources)?.[1];
    const codes = Object.fromEntries([...new Set(exported)].map((name) => [name, codeOf(name)]));
    expect(listed).toEqual(codes);
  });
});

test("every public function, class and constant is named in code by a page about it", () => {
  const pages = documents().filter((path) => path.startsWith("packages/"));
  const text = pages.map((path) => readFileSync(join(root, path), "utf8")).join("\n");
  const code = Array.from(text.matchAll(/```[^]*?```|`[^`\n]+`/g), ([found]) => found).join("\n");
  const missing = entries().flatMap(({ specifier, file }) =>
    exportedNames(file)
      .values.filter((name) => !new RegExp(String.raw`(?<![\w$])${name}(?![\w$])`).test(code))
      .map((name) => `${specifier}: ${name}`),
  );
  expect(missing).toEqual([]);
});

describe("what is read from the sources", () => {
  test("is each member with the default of its comment", () => {
    const members = Object.fromEntries(membersOf("ServeOptions").map((member) => [member.name, member.default]));
    expect(members).toMatchObject({ port: "8080", hostname: "127.0.0.1", tls: undefined, silent: "false" });
  });

  test("is not nothing", () => {
    expect(() => membersOf("NoSuchOptions")).toThrow("0 sources declare NoSuchOptions.");
  });
});
