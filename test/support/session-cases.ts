import { readFacts } from "./facts.ts";
import type { Op } from "./session-ops.ts";

/** One request of a case, or several that overlap. */
export interface Step {
  readonly at?: number;
  readonly jar?: string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly cookieHeader?: string;
  readonly middleware?: boolean;
  readonly ops: readonly Op[];
  readonly expect: {
    readonly status?: number;
    readonly cookies: Readonly<Record<string, string | readonly string[]>>;
    readonly attrs?: Readonly<Record<string, Readonly<Record<string, string | boolean | null>>>>;
    readonly store?: Readonly<Record<string, number>>;
  };
}

export interface Case {
  readonly id: string;
  readonly backends: readonly string[];
  readonly steps: readonly Step[];
}

/** Cases that do not apply, because this library behaves differently on purpose, each with the reason. */
const overruled: Readonly<Record<string, string>> = {
  "S-126": "a missing key stops the start, and no request comes so far",
  "S-112": "a session ends after maxAge, whatever is written",
  "S-114": "a session ends after maxAge, 14 days when nothing is configured",
  "S-127": "a missing key stops the start, and no request comes so far",
};

/** Like `overruled`, for sessions in a backend. */
const overruledInStores: Readonly<Record<string, string>> = {
  "S-135": "counts the calls to a cache, which neither of the backends has",
};

/** Operations that do not exist here. */
const foreign: Readonly<Record<string, string>> = {
  setFlash: "messages live in the session",
  getFlash: "messages live in the session",
  setMessage: "there is no MessagesMixin",
  messages: "there is no MessagesMixin",
  setFormError: "there is no MessagesMixin",
  secureCookieSet: "secure cookies are set as a whole",
  secureCookieGet: "secure cookies are set as a whole",
  createSecureCookie: "secure cookies are set as a whole",
  unsetCookie: "cookies are set or deleted",
  markModified: "what changed is found by looking",
  cookieArgs: "cookie options are one object",
};

const { cases } = readFacts<{ readonly cases: readonly Case[] }>("sessions");

/** The cases that apply to sessions in their cookies, or in a backend. */
export function casesFor(where: "cookie" | "store"): readonly Case[] {
  return cases.filter(
    ({ id, backends, steps }) =>
      !(id in overruled) &&
      !(where === "store" && id in overruledInStores) &&
      backends.includes(where) &&
      !steps.some(
        ({ config, ops }) =>
          config?.["force"] !== undefined ||
          ops.some((op) => op.op in foreign || (op.op === "addFlash" && op.key !== undefined) || JSON.stringify(op).includes('"force"')),
      ),
  );
}

/** Whether requests of a case overlap. */
export function hasOverlap({ steps }: Case): boolean {
  return steps.some(({ ops }) => ops.some(({ op }) => op === "concurrent"));
}
