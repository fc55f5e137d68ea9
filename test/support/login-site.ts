import { join } from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import { startCompiled, stopApps } from "./app-process.ts";
import { root, temporaryFolder } from "./folder.ts";
import { Visitor, type Answer } from "./http.ts";

/** The folder of the example. */
export const loginFolder = join(root, "examples/login");

export const secretKey = "a key for tests, long enough to sign";
export const password = "correct horse battery";
export const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
export const safari =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";

/** The status of a response and the target of its redirect. */
export const led = ({ status, headers }: Answer) => [status, headers["location"]];

/** The results of {@link led} for the members' page. */
export const isLetIn = [200, undefined];
export const isSentAway = [303, "/log-in?next=%2Faccount"];

/** The login example in its own process, for all tests of a file. */
export interface LoginSite {
  readonly url: () => string;
  /** The folder with its data. */
  readonly dataPath: string;
  /** A new visitor. */
  readonly newVisitor: () => Visitor;
  /** A visitor with an account, who is logged in. */
  readonly newMember: (name: string) => Promise<Visitor>;
  /** The session cookie of the visitor, as a Cookie header. */
  readonly cookieOf: (visitor: Visitor) => Promise<string>;
  /** The response of the members' page to a request with this cookie. */
  readonly withCookie: (cookie: string) => Promise<readonly unknown[]>;
}

export const signUp = (visitor: Visitor, name: string) => visitor.visit("/sign-up", { form: { name, password } });

export const logIn = (visitor: Visitor, form: Readonly<Record<string, string>>, userAgent = firefox) =>
  visitor.visit("/log-in", { form, headers: { "user-agent": userAgent } });

/** Starts it before the file's tests, and ends it after them. */
export function loginSite(): LoginSite {
  const dataPath = temporaryFolder();
  const visitors: Visitor[] = [];
  let base = "";

  beforeAll(async () => {
    base = await startCompiled({ SECRET_KEY: secretKey, DATA_PATH: dataPath, NODE_ENV: "test" }, loginFolder).url();
  });
  afterAll(async () => {
    await Promise.all(visitors.map((visitor) => visitor.close()));
    await stopApps();
  });

  const site: LoginSite = {
    url: () => base,
    dataPath,
    newVisitor() {
      const visitor = new Visitor(base);
      visitors.push(visitor);
      return visitor;
    },
    async newMember(name) {
      const visitor = site.newVisitor();
      expect(led(await signUp(visitor, name))).toEqual([303, "/account"]);
      return visitor;
    },
    cookieOf: (visitor) => visitor.jar.getCookieString(base),
    withCookie: async (cookie) => led(await site.newVisitor().visit("/account", { headers: { cookie } })),
  };
  return site;
}
