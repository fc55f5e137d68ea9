import { App, ConfigError } from "@mini/core";
import { MemoryBackend, SessionMiddleware, type SessionConfig } from "@mini/session";
import { honoSessions } from "@mini/session/fetch";
import { describe, expect, test } from "vitest";
import { readSettings } from "../../../packages/session/src/settings/settings.ts";
import { secretKey, sessionApp, setCookies } from "../../support/session-app.ts";

describe("config.session", () => {
  const command = `node -p "crypto.randomBytes(32).toString('base64url')"`;

  test.each([
    [undefined],
    [{}],
    [{ secretKey: undefined }],
    [{ secretKey: [] }],
    [{ secretKey: "short" }],
    [{ secretKey: [secretKey, "x"] }],
    [{ secretKey: 5 }],
  ])("%j shows the command that makes a key", (config) => {
    expect(() => readSettings(config)).toThrow(ConfigError);
    expect(() => readSettings(config)).toThrow(command);
  });

  test("never shows a secret key in a message", () => {
    expect(() => readSettings({ secretKey: "hunter2" })).not.toThrow("hunter2");
    expect(() => readSettings({ secretKey: "hunter2" })).toThrow("7 bytes");
  });

  test("counts bytes, not letters", () => {
    expect(readSettings({ secretKey: "é".repeat(16) }).secretKeys).toHaveLength(1);
  });

  test.each([
    [{ maxAge: 0 }, '"maxAge"'],
    [{ maxAge: "5" }, '"maxAge"'],
    [{ idleTimeout: -1 }, '"idleTimeout"'],
    [{ idleTimeout: 1e306 }, '"idleTimeout" must be a number of seconds over 0, up to 9007199254740991'],
    [{ maxAge: Number.MAX_VALUE }, '"maxAge"'],
    [{ flashMaxAge: Number.NaN }, '"flashMaxAge"'],
    [{ deadline: Infinity }, '"deadline"'],
    [{ encrypt: "yes" }, '"encrypt"'],
    [{ now: 5 }, '"now"'],
    [{ backend: "file" }, '"backend"'],
    [{ backend: { read() {} } }, "this has no create(), no swap(), no touch(), no take()"],
    [{ backends: "memory" }, '"backends"'],
    [{ backends: { memory: {} } }, '"memory" has no read(), '],
    [{ backends: { securecookie: new MemoryBackend() } }, 'cannot name a backend "securecookie"'],
    [{ cookieName: "" }, '"cookieName"'],
    [{ cookieName: "a b" }, "cookie"],
    [{ secretkey: "x" }, "secretkey"],
    [{ cookie: { sameSite: "Lax" } }, '"sameSite"'],
    [{ cookie: { secure: "yes" } }, '"secure"'],
    [{ cookie: { domain: "a;b" } }, "cookie"],
    [{ cookie: { path: "a\nb" } }, "cookie"],
    [{ cookie: { prefix: "host", path: "/a" } }, 'a name with "__Host-" needs path "/"'],
    [{ cookie: { prefix: "host", domain: "example.org" } }, 'a name with "__Host-" needs path "/" and no domain'],
    [{ cookie: { prefix: "host", secure: false } }, 'a name with "__Host-" needs secure: true'],
    [{ cookie: { prefix: "secure", secure: false } }, 'a name with "__Secure-" needs secure: true'],
    [{ cookie: { sameSite: "none" } }, "cookie"],
    [{ cookie: { expires: new Date() } }, "expires"],
  ])("refuses %j and names the setting", (config, named) => {
    const read = () => readSettings({ secretKey, ...config });
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(named);
  });

  test("that is invalid stops an App at start", () => {
    expect(() => sessionApp({ secretKey: "short" })).toThrow(ConfigError);
  });

  test.each([[undefined], [null], ["short"], [{}]])("%j stops an App and an adapter at start", (config) => {
    const session = config as unknown as SessionConfig;
    expect(() => new App({ rules: [], middleware: [SessionMiddleware], config: { session } })).toThrow(ConfigError);
    expect(() => honoSessions(session)).toThrow(ConfigError);
  });
});

describe("the cookie of a session", () => {
  const line = async (config: Parameters<typeof sessionApp>[0] = {}, headers: Record<string, string> = {}) => {
    const { run } = sessionApp(config);
    const response = await run(async (_store, session) => void (await session()).set("a", 1), { headers });
    return setCookies(response)[0]!
      .replace(/=v1[^;]*/, "=...")
      .replace(/=e1[^;]*/, "=...");
  };

  test("is hidden from scripts, for the whole site, until the browser closes", async () => {
    expect(await line()).toBe("session=...; Path=/; HttpOnly; SameSite=Lax");
  });

  test("is Secure over https, and over plain http only when configured", async () => {
    expect(await line({ baseUrl: "https://localhost" })).toContain("; Secure");
    expect(await line({ cookie: { secure: true } })).toContain("; Secure");
    expect(await line({ baseUrl: "https://localhost", cookie: { secure: false } })).not.toContain("; Secure");
  });

  test("has the attributes that are configured", async () => {
    const cookie = {
      maxAge: 60,
      domain: "localhost",
      path: "/a",
      secure: true,
      httpOnly: false,
      sameSite: "none",
      partitioned: true,
    } as const;
    const sent = await line({ cookieName: "sid", cookie, encrypt: true });
    expect(sent.split("; ").sort()).toEqual([
      "Domain=localhost",
      "Max-Age=60",
      "Partitioned",
      "Path=/a",
      "SameSite=None",
      "Secure",
      "sid=...",
    ]);
  });

  test.each([
    ["host", "__Host-session=...; Path=/; HttpOnly; Secure; SameSite=Lax"],
    ["secure", "__Secure-session=...; Path=/; HttpOnly; Secure; SameSite=Lax"],
  ] as const)("with the prefix %s has the attributes that browsers require", async (prefix, expected) => {
    expect((await line({ cookie: { prefix } })).split("; ").sort()).toEqual(expected.split("; ").sort());
  });

  test("when an untrusted proxy says https, it is logged once", async () => {
    const { run, logged } = sessionApp();
    const set = async () =>
      run(async (_store, session) => void (await session()).set("a", Math.random()), { headers: { "x-forwarded-proto": "https" } });
    expect(setCookies(await set())[0]).not.toContain("Secure");
    await set();
    expect(logged.filter((message) => message.includes("trustProxy"))).toHaveLength(1);
  });
});

describe("several cookies of one name", () => {
  async function signed(time: number, value: unknown, secret = secretKey) {
    const { run, client } = sessionApp({ now: () => time, secretKey: secret });
    await run(async (store, session) => {
      (await session()).set("a", value);
      store.setSecureCookie("pass", { a: value });
    });
    return { session: client.cookies.get("session")!, pass: client.cookies.get("pass")! };
  }

  async function read(cookie: string): Promise<unknown> {
    let got: unknown;
    await sessionApp().run(async (store, session) => void (got = (await session()).get("a") ?? store.getSecureCookie("pass")?.["a"]), {
      headers: { cookie },
    });
    return got;
  }

  const start = 1_700_000_000_000;

  test.each(["session", "pass"] as const)("the %s that was signed last is used, wherever it is in the header", async (name) => {
    const [old, recent] = [(await signed(start - 60_000, "old"))[name], (await signed(start, "new"))[name]];
    expect(await read(`${name}=${old}; ${name}=${recent}`)).toBe("new");
    expect(await read(`${name}=${recent}; ${name}=${old}`)).toBe("new");
  });

  test("of two that were signed in one second, the last in the header is used, because browsers send it last", async () => {
    const [one, other] = [(await signed(start, "one")).session, (await signed(start, "other")).session];
    expect(await read(`session=${one}; session=${other}`)).toBe("other");
    expect(await read(`session=${other}; session=${one}`)).toBe("one");
  });

  test("malformed ones do not count, however many there are, and of the others four are tried", async () => {
    const { session: value } = await signed(start, 1);
    const { session: forged } = await signed(start, 2, "another key that is long enough to be one");
    const junk = ["", "deleted", "garbage", "v1.a.b.c", `${value}x`, "x".repeat(5000), '""', "%%%"].map((each) => `session=${each}; `);
    expect(await read(`${junk.join("")}session=${value}`)).toBe(1);
    expect(await read(`${`session=${forged}; `.repeat(3)}session=${value}`)).toBe(1);
    expect(await read(`${`session=${forged}; `.repeat(4)}session=${value}`)).toBeUndefined();
  });

  test("a value is accepted only as it was sent: in quotes, or with a character in percent-encoding, it is refused", async () => {
    const { session: value } = await signed(start, 1);
    expect(await read(`session=${value}`)).toBe(1);
    expect(await read(`a=1 ;\tsession=${value} ; b=2`)).toBe(1);
    const spellings = [`"${value}"`, value.replace(".", "%2E"), value.replace(".", "%2e"), `%76${value.slice(1)}`, `\u00a0${value}`];
    for (const spelling of spellings) expect(await read(`session=${spelling}`), spelling).toBeUndefined();
  });
});
