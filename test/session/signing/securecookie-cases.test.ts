import { cookieValues } from "@mini/core";
import { describe, expect, test } from "vitest";
import { isPlainObject, parseJson } from "../../../packages/session/src/record/contents.ts";
import { Signer } from "../../../packages/session/src/signing/signing.ts";
import { readFacts } from "../../support/facts.ts";
import { unsign } from "../../support/unsign.ts";

interface Step {
  readonly op: string;
  readonly name: string;
  readonly as: string;
  readonly value?: unknown;
  readonly secret: string | readonly string[];
  readonly at: number;
  readonly text?: string;
  readonly from: string;
  readonly how?: string;
  readonly part?: "payload" | "timestamp" | "signature";
  readonly delta?: number;
  readonly n?: number;
  readonly payload: string;
  readonly signature: string;
  readonly cookie: string | null;
  readonly maxAge?: number;
  readonly via?: string;
  readonly asSession?: boolean;
  readonly expect: { readonly accepted: boolean; readonly value?: unknown };
}

/** Cases that are left out, each with the reason. */
const left: Readonly<Record<string, string>> = {
  "SC-056": "a choice that is left open: a time in the future is refused",
  "SC-070": "a value over 4096 characters, which browsers do not keep, is refused",
};
const foreign: Readonly<Record<string, string>> = {
  expiresAt: "a value holds when it was signed, and whoever reads it says how old it may be",
  verifyTiming: "timingSafeEqual is not to be measured in a test",
  setSecureCookie: "tested with the store",
};

const { cases } = readFacts<{ readonly cases: readonly { readonly id: string; readonly steps: readonly Step[] }[] }>("securecookie");
const own = cases.filter(
  ({ id, steps }) =>
    !(id in left) && !steps.some((step) => step.op in foreign || "expiresAt" in step || (step.op === "sign" && "expect" in step)),
);

const parts = { payload: 1, timestamp: 2, signature: 3 } as const;

function tamper({ how, part, text = "", n = 1, delta = 0 }: Step, value: string): string {
  const all = value.split(".");
  const at = parts[part ?? "payload"];
  const change = (to: string) => all.map((each, i) => (i === at ? to : each)).join(".");
  switch (how) {
    case "append":
      return value + text;
    case "truncate":
      return value.slice(0, -n);
    case "flip":
      return change((all[at]!.startsWith("A") ? "B" : "A") + all[at]!.slice(1));
    case "timestamp":
      return all.map((each, i) => (i === 2 ? String(Number(each) + delta) : each)).join(".");
    case "keep":
      return all[at]!;
    case "empty":
      return change("");
    case "upper":
      return change(all[at]!.toUpperCase());
    case "junk":
      return change(`${all[at]!.slice(0, 5)}!${all[at]!.slice(5)}`);
    case "quote":
      return `"${value}"`;
    case undefined:
    default:
      throw new Error(`no such change: ${how}`);
  }
}

describe("the facts of secure cookies", () => {
  test("are 60 or more", () => {
    expect(own.length).toBeGreaterThanOrEqual(60);
  });

  test.each(own.map((each) => [each.id, each] as const))("%s", (_id, { steps }) => {
    const values = new Map<string, string>();
    for (const step of steps) {
      const make = () => new Signer({ secretKeys: [step.secret].flat(), purpose: "session-data", now: () => step.at * 1000 });
      if (step.op === "sign") values.set(step.as, make().sign(step.name, JSON.stringify(step.value)));
      else if (step.op === "literal") values.set(step.as, step.text!);
      else if (step.op === "signRaw") values.set(step.as, make().sign(step.name, step.payload.replace("base64json:", "")));
      else if (step.op === "tamper") values.set(step.as, tamper(step, values.get(step.from)!));
      else if (step.op === "splice") {
        const [version, payload, time] = values.get(step.payload)!.split(".");
        values.set(step.as, [version, payload, time, values.get(step.signature)!.split(".")[3]].join("."));
      } else {
        expect(step.op).toBe("verify");
        const given = step.cookie === null ? "" : values.get(step.cookie)!;
        const value = step.via === "header" ? (cookieValues(`${step.name}=${given}`, step.name)[0] ?? "") : given;
        const found = unsign(make(), step.name, value, step.maxAge);
        const data = found.ok ? parseJson(found.text) : undefined;
        const accepted = data !== undefined && (step.asSession !== true || isPlainObject(data));
        expect(accepted).toBe(step.expect.accepted);
        if (step.expect.accepted && "value" in step.expect) expect(data).toEqual(step.expect.value);
      }
    }
  });
});
