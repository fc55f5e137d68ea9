import type { serializeCookie } from "@mini/core";

type Options = NonNullable<Parameters<typeof serializeCookie>[2]>;

/** What a browser reports about a cookie that it keeps; only what a case checks. */
interface Kept {
  readonly name?: string;
  readonly value?: string;
  readonly domain?: string;
  readonly path?: string;
  /** -1: until the browser closes. */
  readonly expires?: unknown;
  readonly httpOnly?: boolean;
  readonly secure?: boolean;
  readonly sameSite?: "Strict" | "Lax" | "None";
}

/** A cookie that may be set by a page of `https://site.example/`, its line, and what a browser makes of it. */
export interface KeptCase {
  readonly name: string;
  readonly value?: string;
  readonly options?: Options;
  readonly line: string;
  readonly kept: Kept;
}

/** A cookie that is refused, with what a browser would keep, and what the error says. */
export interface RefusedCase {
  readonly name: string;
  readonly value?: string;
  readonly options?: Options;
  readonly line: string;
  /** `undefined`: it drops the cookie. */
  readonly kept?: Kept;
  readonly says: RegExp;
}

const secure = true;
const usual = "Path=/; HttpOnly; SameSite=Lax";
const usualSecure = "Path=/; HttpOnly; Secure; SameSite=Lax";
const plain = { domain: "site.example", path: "/", expires: -1, httpOnly: true, secure: false, sameSite: "Lax" } as const;

const deepPath = `/${"p".repeat(1023)}`;
const longValue = "v".repeat(4095);
const tokenCharacters = "!#$%&'*+-.^_`|~09azAZ";

export const keptCases: readonly KeptCase[] = [
  { name: "a", line: `a=b; ${usual}`, kept: { name: "a", value: "b", ...plain } },
  { name: tokenCharacters, line: `${tokenCharacters}=b; ${usual}`, kept: { name: tokenCharacters, value: "b" } },
  { name: "a", value: "", line: `a=; ${usual}`, kept: { name: "a", value: "" } },
  { name: "a", value: 'é;, "\\=\0', line: `a=%C3%A9%3B%2C%20%22%5C%3D%00; ${usual}`, kept: { value: "%C3%A9%3B%2C%20%22%5C%3D%00" } },
  { name: "a", value: longValue, line: `a=${longValue}; ${usual}`, kept: { value: longValue } },
  { name: "a", options: { httpOnly: false }, line: "a=b; Path=/; SameSite=Lax", kept: { httpOnly: false } },
  { name: "a", options: { secure }, line: `a=b; ${usualSecure}`, kept: { secure: true } },
  { name: "a", options: { sameSite: "strict" }, line: "a=b; Path=/; HttpOnly; SameSite=Strict", kept: { sameSite: "Strict" } },
  { name: "a", options: { sameSite: "none", secure }, line: "a=b; Path=/; HttpOnly; Secure; SameSite=None", kept: { sameSite: "None" } },
  {
    name: "a",
    options: { partitioned: true, secure },
    line: "a=b; Path=/; HttpOnly; Secure; Partitioned; SameSite=Lax",
    kept: { secure: true },
  },
  { name: "a", options: { path: "/deep/er" }, line: "a=b; Path=/deep/er; HttpOnly; SameSite=Lax", kept: { path: "/deep/er" } },
  { name: "a", options: { path: deepPath }, line: `a=b; Path=${deepPath}; HttpOnly; SameSite=Lax`, kept: { path: deepPath } },
  { name: "a", options: { domain: "site.example" }, line: `a=b; Domain=site.example; ${usual}`, kept: { domain: ".site.example" } },
  { name: "a", options: { domain: ".Site.example" }, line: `a=b; Domain=.Site.example; ${usual}`, kept: { domain: ".site.example" } },
  { name: "__Host-a", options: { secure }, line: `__Host-a=b; ${usualSecure}`, kept: { name: "__Host-a", secure: true } },
  { name: "__host-a", options: { secure }, line: `__host-a=b; ${usualSecure}`, kept: { name: "__host-a" } },
  {
    name: "__Secure-a",
    options: { secure, path: "/a", domain: "site.example" },
    line: "__Secure-a=b; Domain=site.example; Path=/a; HttpOnly; Secure; SameSite=Lax",
    kept: { name: "__Secure-a", path: "/a" },
  },
  {
    name: "__Http-a",
    options: { secure, path: "/a" },
    line: "__Http-a=b; Path=/a; HttpOnly; Secure; SameSite=Lax",
    kept: { name: "__Http-a", httpOnly: true },
  },
  { name: "__Host-Http-a", options: { secure }, line: `__Host-Http-a=b; ${usualSecure}`, kept: { name: "__Host-Http-a" } },
  { name: "__Hosta", line: `__Hosta=b; ${usual}`, kept: { name: "__Hosta" } },
  {
    name: "a",
    options: { expires: new Date("9999-12-31T23:59:59Z") },
    line: `a=b; Path=/; Expires=Fri, 31 Dec 9999 23:59:59 GMT; HttpOnly; SameSite=Lax`,
    kept: {},
  },
];

/** The path that browsers give to a cookie without a path that is set by `/raw/1`. */
const defaultPath = "/raw";

const over = "name and value have more than 4096 bytes";

/** Browsers drop these, or keep them with other attributes. */
export const refusedCases: readonly RefusedCase[] = [
  { name: "__Host-a", line: `__Host-a=b; ${usual}`, says: /"__Host-" needs secure: true/ },
  { name: "__HOST-a", line: `__HOST-a=b; ${usual}`, says: /"__HOST-" needs secure: true/ },
  {
    name: "__Host-a",
    options: { secure, path: "/a" },
    line: "__Host-a=b; Path=/a; Secure",
    says: /"__Host-" needs path "\/" and no domain/,
  },
  {
    name: "__Host-a",
    options: { secure, domain: "site.example" },
    line: "__Host-a=b; Path=/; Secure; Domain=site.example",
    says: /no domain/,
  },
  { name: "__Secure-a", line: `__Secure-a=b; ${usual}`, says: /"__Secure-" needs secure: true/ },
  { name: "__sEcUrE-a", line: `__sEcUrE-a=b; ${usual}`, says: /"__sEcUrE-" needs secure: true/ },
  { name: "__Http-a", line: `__Http-a=b; ${usual}`, says: /"__Http-" needs secure: true/ },
  { name: "__Http-a", options: { secure, httpOnly: false }, line: "__Http-a=b; Path=/; Secure", says: /"__Http-" needs httpOnly: true/ },
  { name: "__Host-Http-a", options: { secure, httpOnly: false }, line: "__Host-Http-a=b; Path=/; Secure", says: /needs httpOnly: true/ },
  { name: "__Host-Http-a", options: { secure, path: "/a" }, line: "__Host-Http-a=b; Path=/a; Secure; HttpOnly", says: /needs path "\/"/ },
  { name: "a", options: { sameSite: "none" }, line: "a=b; Path=/; SameSite=None", says: /sameSite "none" needs secure: true/ },
  { name: "a", options: { partitioned: true }, line: "a=b; Path=/; Partitioned", says: /partitioned needs secure: true/ },
  { name: "a", value: `${longValue}v`, line: `a=${longValue}v; ${usual}`, says: new RegExp(over) },
  { name: "n".repeat(4096), line: `${"n".repeat(4096)}=b; ${usual}`, says: new RegExp(over) },
  { name: "a", value: "é".repeat(700), line: `a=${"%C3%A9".repeat(700)}; ${usual}`, says: new RegExp(over) },
  { name: "a", options: { path: "deep" }, line: "a=b; Path=deep", kept: { path: defaultPath }, says: /path must begin with "\/"/ },
  { name: "a", options: { path: "" }, line: "a=b; Path=", kept: { path: defaultPath }, says: /path must begin with "\/"/ },
  {
    name: "a",
    options: { path: "/deep " },
    line: "a=b; Path=/deep ; HttpOnly",
    kept: { path: "/deep" },
    says: /only characters of a path/,
  },
  {
    name: "a",
    options: { path: `${deepPath}p` },
    line: `a=b; Path=${deepPath}p`,
    kept: { path: defaultPath },
    says: /more than 1024 bytes/,
  },
  { name: "a", options: { domain: "" }, line: "a=b; Domain=", kept: { domain: "site.example" }, says: /domain must be a host name/ },
  {
    name: "a",
    options: { domain: `${"a.".repeat(507)}site.example` },
    line: `a=b; Domain=${"a.".repeat(507)}site.example`,
    kept: { domain: "site.example" },
    says: /more than 1024 bytes/,
  },
  {
    name: "a",
    options: { expires: new Date(8.64e15) },
    line: "a=b; Expires=Sat, 13 Sep 275760 00:00:00 GMT",
    kept: { expires: -1 },
    says: /expires must be a Date of the years 1601 to 9999/,
  },
  {
    name: "a",
    options: { expires: new Date("1600-12-31T00:00:00Z") },
    line: "a=b; Expires=Sun, 31 Dec 1600 00:00:00 GMT",

    says: /expires must be a Date of the years 1601 to 9999/,
  },
  {
    name: "a",
    options: { expires: new Date(Number.NaN) },
    line: "a=b; Expires=Invalid Date",
    kept: { expires: -1 },
    says: /expires must be a Date/,
  },
];
