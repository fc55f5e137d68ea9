import { Signer, type Purpose } from "../../packages/session/src/signing/signing.ts";

/** A cookie that an application has set, and how the application made it. */
export interface Given {
  readonly name: string;
  readonly value: string;
  /** Another cookie of the same name and kind, from another user and another time. */
  readonly other: string;
  /** What the value holds. */
  readonly text: string;
  readonly purpose: Purpose;
  readonly encrypt: boolean;
  readonly key: string;
  /** When it was made; milliseconds since the Unix epoch. */
  readonly madeAt: number;
}

/** A Cookie header, by the title that says what is wrong with it. */
export type Forgery = readonly [title: string, header: string];

/** Characters with which a header cannot be sent. */
const unsendable = /[\0\r\n]|[^\0-\xff]/;

/** Longer than any age that a cookie may have; milliseconds. */
const longAgo = 15 * 24 * 60 * 60 * 1000;

/** The value with each bit flipped, cut at each place from both ends, and without each one of its characters. */
export function damaged({ name, value }: Pick<Given, "name" | "value">): readonly Forgery[] {
  const all: [string, string][] = [];
  for (let at = 0; at < value.length; at++) {
    const [before, after] = [value.slice(0, at), value.slice(at + 1)];
    for (let bit = 0; bit < 8; bit++) {
      all.push([`bit ${bit} of character ${at}`, before + String.fromCharCode(value.charCodeAt(at) ^ (1 << bit)) + after]);
    }
    all.push([`the first ${at}`, before], [`without the first ${at + 1}`, after], [`without character ${at}`, before + after]);
  }
  return all.flatMap(([title, changed]) => (unsendable.test(changed) ? [] : [[title, `${name}=${changed}`] as const]));
}

/** Parts of two values mixed, repeated and reordered; and the right text, signed in another way. */
export function forged(given: Given): readonly Forgery[] {
  return [...rearranged(given), ...madeOtherwise(given)];
}

function rearranged({ name, value, other }: Given): readonly Forgery[] {
  const [own, others] = [value.split("."), other.split(".")];
  const all: [string, string][] = [];
  for (let mixture = 1; mixture < 2 ** own.length - 1; mixture++) {
    all.push([`mixture ${mixture}`, own.map((part, i) => ((mixture >> i) & 1 ? others[i] : part)).join(".")]);
  }
  for (const [at, part] of own.entries()) {
    const [before, after] = [own.slice(0, at), own.slice(at + 1)];
    all.push([`part ${at} twice`, [...before, part, part, ...after].join(".")]);
    all.push([`part ${at} doubled`, [...before, part + part, ...after].join(".")]);
    all.push([`part ${at} left out`, [...before, ...after].join(".")]);
    all.push([`part ${at} empty`, [...before, "", ...after].join(".")]);
    all.push([`part ${at} first`, [part, ...before, ...after].join(".")]);
  }
  all.push(["itself twice", value + value], ["itself twice, apart", `${value}.${value}`], ["both", `${value}.${other}`]);
  all.push(["backwards", [...value].reverse().join("")], ["in capitals", value.toUpperCase()], ["nothing", ""]);
  const real = new Set([value, other]);
  return all.filter(([, changed]) => !real.has(changed)).map(([title, changed]) => [title, `${name}=${changed}`]);
}

function madeOtherwise({ name, value, text, purpose, encrypt, key, madeAt }: Given): readonly Forgery[] {
  const make = (changes: { keys?: string[]; purpose?: Purpose; encrypt?: boolean; at?: number; name?: string; text?: string }) => {
    const { keys = [key], at = madeAt } = changes;
    const cookie = new Signer({
      secretKeys: keys,
      purpose: changes.purpose ?? purpose,
      encrypt: changes.encrypt ?? encrypt,
      now: () => at,
    });
    return cookie.sign(changes.name ?? name, changes.text ?? text);
  };
  const purposes = (["session-data", "session-id", "secure-cookie"] as const).filter((each) => each !== purpose);
  const [version, ...rest] = value.split(".");
  const versions = ["v1", "e1", "v2", "e2", "V1", "E1", "", "v01", "1", "none"].filter((each) => each !== version);
  const all: (readonly [string, string])[] = [
    ["another key", make({ keys: ["k".repeat(32)] })],
    ["another key before ours", make({ keys: ["k".repeat(32), key] })],
    ["the key with a blank", make({ keys: [`${key} `] })],
    ...purposes.map((each): [string, string] => [`made as ${each}`, make({ purpose: each })]),
    ...["", "other", name.toUpperCase(), `__Host-${name}`, `${name}\0`].map((each): [string, string] => [
      `made for ${JSON.stringify(each)}`,
      make({ name: each }),
    ]),
    ...versions.map((each): [string, string] => [`version ${JSON.stringify(each)}`, [each, ...rest].join(".")]),
    // The time in the cookie of an id has no effect, because the record has the times of its session.
    ...(purpose === "session-id"
      ? []
      : ([
          ["made 61 seconds ahead", make({ at: madeAt + 68_000 })],
          ["made long ago", make({ at: madeAt - longAgo, text: text.replace(String(madeAt), String(madeAt - longAgo)) })],
        ] as const)),
    ["the text alone", Buffer.from(text).toString("base64url")],
    ["the text in the open", encodeURIComponent(text)],
    ["a text that is none", make({ text: "null" })],
    ["a text that is empty", make({ text: "" })],
    ["a text that breaks off", make({ text: text.slice(0, -1) })],
  ];
  const values = all.map(([title, changed]): Forgery => [title, `${name}=${changed}`]);
  return [
    ...values,
    ["under another name", `other=${value}`],
    ["under its name in capitals", `${name.toUpperCase()}=${value}`],
    ["behind four others that could be real", `${`${name}=${make({ keys: ["k".repeat(32)] })}; `.repeat(4)}${name}=${value}`],
    ["over 4096 bytes", `${name}=${value}${"A".repeat(4096)}`],
  ];
}
