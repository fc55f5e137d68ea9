import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { HTTPError } from "@mini/core";
import { SessionUnavailableError } from "@mini/session";
import { describe, expect, test } from "vitest";
import { entries, exportedNames } from "../support/entries.ts";
import { root, temporaryFolder } from "../support/folder.ts";
import { runNode } from "../support/run-node.ts";
import { sourcePaths } from "../support/source-paths.ts";

interface PublicNames {
  readonly values: string;
  readonly types: string;
}

/** Everything that users may import. A name that is added or taken away is a decision: it shows here and in the changelog. */
const publicNames: Readonly<Record<string, PublicNames>> = {
  "@mini/core": {
    values: `
      App BuildError ConfigError DuplicateRuleError EndpointPrefix Form HTTPError Host Html LocalError PortInUseError RequestHandler Response Rule RuleError SecurityHeaders
      Submount UnsafeRedirectError ValidationError abort accepts acceptsEncodings acceptsLanguages beforeHead cookieValues deleteCookie escapeHtml field html int json local matching number oneOf parseCookies problem raw redirect request seeOther
      serializeCookie setCookie setHeader setLocal text urlFor uuid vary withoutRequest
    `,
    types: `
      AppOptions Application BasePathOption Config Context Converter CookieOptions CrossOriginOption Env ErrorHandler FormFields FormOf FormOptions FormReadOptions HTTPErrorOptions HandlerClass HandlerMessage HandlerResult InputError
      JsonOptions KeptForm Local LogFields Logger Middleware MiddlewareClass MiddlewareList NumberOptions Part PartOptions PathParams Platform RedirectOptions RedirectTarget Register Request RequestMessage RuleArgs RuleDescription RuleOptions StandardSchema TrustProxy
      UrlOptions
    `,
  },
  "@mini/core/base": {
    values: "ConfigError Form HTTPError LineLogger Notice Trace cookieValues mergeVary recordings serializeCookie withoutRequest",
    types: "CookieOptions FormOf HTTPErrorOptions KeptForm Logger Shown StandardSchema",
  },
  "@mini/core/events": {
    values: "events",
    types: "EventData EventsContext EventsFunction EventsOptions ServerEvent",
  },
  "@mini/core/serve": {
    values: "serve",
    types: "ServeOptions Server Timeouts",
  },
  "@mini/core/static": {
    values: "StaticFiles sendFile",
    types: "SendFileOptions StaticFilesClass StaticFilesOptions",
  },
  "@mini/core/testing": {
    values: "CookieJar TestClient expectStatus runInRequest",
    types: "TestClientOptions TestRequest",
  },
  "@mini/session": {
    values: `
      CookieTooLargeError MemoryBackend SessionCommittedError SessionMiddleware SessionMixin SessionStillCachedError SessionTooLargeError SessionUnavailableError
      Sessions defaults requireFresh
    `,
    types: `
      CallSignal FinishOptions FlashMessage KeptFormOptions KeySize ListedSession MemoryBackendOptions NewRecord OwnedSession OwnerIndex RegenerateOptions RequireFreshOptions RunOptions Session SessionBackend SessionBackendMessage SessionCommitMessage SessionConfig SessionCookieOptions SessionLoadMessage SessionRefusedMessage
      SessionData SessionMembers SessionOptions SessionRecord SessionStore SessionValue SessionValues SessionView SwapResult Visit VisitOptions
    `,
  },
  "@mini/session/lmdb": {
    values: "LmdbBackend",
    types: "LmdbBackendOptions LmdbDatabaseLike LmdbDatabaseOptions LmdbLike",
  },
  "@mini/session/sqlite": {
    values: "SqliteBackend",
    types: "SqliteBackendOptions SqliteLike SqliteStatementLike SqliteValue",
  },
  "@mini/session/redis": {
    values: "RedisBackend",
    types: "IoredisLike RedisBackendOptions RedisLike RedisScriptOptions RedisScriptsLike RedisWaitOptions",
  },
  "@mini/session/postgres": {
    values: "PostgresBackend",
    types: "PostgresBackendOptions PostgresLike PostgresQuery PostgresResult",
  },
  "@mini/session/cached": {
    values: "CachedBackend MemcachedCache RedisCache",
    types: "CachedBackendOptions IoredisLike MemcachedLike RedisCacheLike SessionCache",
  },
  "@mini/session/node": {
    values: "nodeSessions sessionErrors sessionStoreOf",
    types: "NodeMiddleware NodeSessionsOptions",
  },
  "@mini/session/koa": {
    values: "koaSessions",
    types: "KoaContextLike KoaMiddleware",
  },
  "@mini/session/fastify": {
    values: "fastifySessions",
    types: "",
  },
  "@mini/session/fetch": {
    values: "Sessions h3Sessions honoSessions withSessions",
    types: "FetchSessionsOptions H3EventLike HonoContextLike SessionVariables",
  },
  "@mini/session/import": {
    values: "importCookieSession importExpressSession importFastifySession importIronSession importSecureSession importSessions",
    types:
      "CookieSessionImportOptions ExpressSessionImportOptions ExpressStoreLike FastifySessionImportOptions IronSessionImportOptions " +
      "OldSession SecureSessionImportOptions SessionImport SessionSource",
  },
  "@mini/session/testing": {
    values: "actingAs flashesOf sessionOf testSessionBackend withSession",
    types: "AppLike BackendBench ClientLike TestRunner",
  },
};

const words = (text: string): readonly string[] => text.split(/\s+/).filter((word) => word !== "");

test("these are all entries", () => {
  expect(entries().map(({ specifier }) => specifier)).toEqual(Object.keys(publicNames));
});

describe.each(entries())("$specifier", ({ specifier, file }) => {
  const expected = publicNames[specifier] ?? { values: "", types: "" };

  test("exports exactly these values", async () => {
    const module = (await import(/* @vite-ignore */ specifier)) as Record<string, unknown>;
    expect(Object.keys(module).toSorted()).toEqual(words(expected.values).toSorted());
  });

  test("exports exactly these types", () => {
    expect(exportedNames(file).types).toEqual(words(expected.types).toSorted());
  });

  test("has in its source the values it has at run time, so that the list of types is complete as well", async () => {
    const module = (await import(/* @vite-ignore */ specifier)) as Record<string, unknown>;
    expect(exportedNames(file).values).toEqual(Object.keys(module).toSorted());
  });
});

describe("in the repository an entry is its source", () => {
  test("for the compiler: paths in tsconfig.json has every entry, and no other", () => {
    expect(Object.fromEntries(sourcePaths())).toEqual(Object.fromEntries(entries().map(({ specifier, file }) => [specifier, file])));
  });

  test.each(entries())("for the tests: $specifier", async ({ specifier, file }) => {
    expect((await import(/* @vite-ignore */ specifier)) === (await import(/* @vite-ignore */ file))).toBe(true);
  });

  test("for the sources of session too: they have the same core as whoever uses them", () => {
    expect(Object.getPrototypeOf(SessionUnavailableError)).toBe(HTTPError);
  });

  // The program lies where no node_modules has the packages: a `dist` that happens to be there cannot stand in for the sources.
  test.each([".", "examples/sessions"])("for tsx in %s", async (place) => {
    const urls = entries().map(({ specifier, file }) => [specifier, pathToFileURL(file).href]);
    const program = `
      for (const [specifier, url] of ${JSON.stringify(urls)}) {
        if ((await import(specifier)) !== (await import(url))) console.log(specifier);
      }
      const [core, session] = [await import("@mini/core"), await import("@mini/session")];
      if (Object.getPrototypeOf(session.SessionUnavailableError) !== core.HTTPError) console.log("session has another core");
    `;
    const folder = temporaryFolder({ "main.mjs": program });
    const outcome = await runNode(["--import", "tsx", join(folder, "main.mjs")], { cwd: join(root, place) });
    expect(outcome).toEqual({ code: 0, stdout: "", stderr: "" });
  });
});
