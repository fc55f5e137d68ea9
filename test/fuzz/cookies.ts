import { App, cookieValues, json, local, parseCookies, RequestHandler, Rule } from "@mini/core";
import { SessionMiddleware } from "@mini/session";
import { count, each, FindingError, Random, type Tally, type Task } from "./random.ts";

const keys = ["the key that signs now, 32 bytes long.", "the key that signed before, long enough."];
const foreignKeys = ["a key that this application never had."];
const names = ["session", "other", "campaign", "a.b"];

/** Answers what the session `session` and the secure cookie `campaign` say; writes both at `/make/:value`. */
class Who extends RequestHandler {
  static override middleware = [SessionMiddleware];

  async get() {
    const session = await local.sessionStore.getSession<{ who: string }>();
    return json([session.get("who") ?? null, local.sessionStore.getSecureCookie<{ who: string }>("campaign")?.who ?? null]);
  }

  async make({ value }: { value: string }) {
    for (const key of ["session", "other"]) (await local.sessionStore.getSession<{ who: string }>(key)).set("who", value);
    local.sessionStore.setSecureCookie("campaign", { who: value });
    return json(null);
  }
}

function appWith(secretKey: readonly string[], encrypt: boolean, errors: string[]) {
  const nothing = () => undefined;
  return new App({
    rules: [new Rule("/", { handler: Who }), new Rule("/make/:value", { handler: Who, action: "make", methods: ["GET"] })],
    config: { session: { secretKey, encrypt } },
    logger: { error: (line: string) => void errors.push(line), warn: nothing, info: nothing, debug: nothing },
  });
}

/** A cookie that an application made, and what it says. */
interface Made {
  readonly name: string;
  readonly cookie: string;
  readonly value: string;
}

async function make(app: App, value: string): Promise<Made[]> {
  const response = await app.fetch(new Request(`http://localhost/make/${value}`));
  return response.headers.getSetCookie().map((line) => {
    const [name = "", cookie = ""] = line.split(";", 1)[0]!.split("=");
    return { name, cookie, value };
  });
}

/** What a Cookie header says, read another way than the library does: RFC 6265 §5.4, the first of equal names. */
function readHeader(header: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const part of header.split(";")) {
    const [, name, raw] = /^[ \t]*([^=]*?)[ \t]*=[ \t]*([^]*?)[ \t]*$/.exec(part) ?? [];
    if (name === undefined || raw === undefined || found.has(name)) continue;
    const value = raw.replace(/^"([^]*)"$/, "$1");
    try {
      found.set(name, decodeURIComponent(value));
    } catch {
      found.set(name, value);
    }
  }
  return found;
}

const spread = [
  "",
  " ",
  ";",
  "; ",
  "=",
  '"',
  "%41",
  "%",
  "%zz",
  "%C3%A9",
  "\xe9",
  "\t",
  "\x7f",
  "__proto__",
  "session",
  "campaign",
  ...names,
];

/** Cookies that were changed, exchanged or made up: nobody, or who they were made for. */
export async function fuzzCookies(task: Task): Promise<Tally> {
  const random = new Random(task.seed);
  const tally: Tally = new Map();
  const errors: string[] = [];
  const sites = await Promise.all(
    [false, true].map(async (encrypt) => {
      const makers = [appWith(keys, encrypt, errors), appWith(keys.slice(1), encrypt, errors)];
      const genuine = (await Promise.all(makers.flatMap((app, maker) => ["ann", "bob"].map((who) => make(app, `${who}-${maker}`))))).flat();
      const foreign = await make(appWith(foreignKeys, encrypt, errors), "mallory");
      return { app: makers[0]!, genuine, foreign };
    }),
  );
  const unlike = await Promise.all([make(sites[0]!.app, "signed"), make(sites[1]!.app, "sealed")]);

  function fuzzHeader(): string {
    const header = random.picks(spread, 12).join(random.pick(["", "=", ";", "=a;"])) + random.text(8, 0x20, 0xff);
    const expected = readHeader(header);
    const found = parseCookies(header);
    if (JSON.stringify([...found]) !== JSON.stringify([...expected])) throw new FindingError("parseCookies gives something else", header);
    for (const name of names) {
      if (cookieValues(header, name)[0] !== expected.get(name))
        throw new FindingError(`cookieValues of ${name} gives something else`, header);
    }
    count(tally, expected.size === 0 ? "header: no cookie" : "header: cookies");
    return header;
  }

  async function fuzzSite(index: number): Promise<string> {
    const kind = (index >> 2) % 2;
    const { app, genuine, foreign } = sites[kind]!;
    const [one, other] = [random.pick(genuine), random.pick([...genuine, ...foreign, ...unlike[1 - kind]!])];
    const cookies = [
      () => random.change(one.cookie, other.cookie),
      () => random.text(200),
      () => one.cookie.replace(/[^.]+/g, (part) => (random.below(3) === 0 ? other.cookie.split(".").find((each) => each !== part)! : part)),
      () => (random.below(2) === 0 ? other.cookie : one.cookie),
    ];
    const value = cookies[random.below(cookies.length)]!();
    const name = random.pick(["session", "campaign"]);
    const header = `${name}=${value}${random.below(3) === 0 ? `; ${random.pick(names)}=${one.cookie}` : ""}`;
    const response = await app.fetch(new Request("http://localhost/", { headers: { cookie: header } }));
    if (response.status !== 200) throw new FindingError(`The answer is ${response.status}`, header);
    const said = (await response.json()) as readonly (string | null)[];
    // What is believed stands in the header as it was made, for the cookie that it was made for.
    const decoded = [header, ...parseCookies(header).values()].join(" ");
    for (const [position, who] of said.entries()) {
      const of = position === 0 ? "session" : "campaign";
      // A cookie of the other form is accepted too, so that `encrypt` can be changed while a site runs.
      const source = [...genuine, ...unlike[1 - kind]!].find(
        (each) => each.value === who && each.name === of && decoded.includes(each.cookie),
      );
      if (who !== null && source === undefined) throw new FindingError(`It is taken for ${of} of ${who}`, header);
      count(tally, `${kind === 0 ? "signed" : "encrypted"} ${of}: ${who === null ? "nobody" : "genuine"}`);
    }
    return header;
  }

  await each(task, async (index) => (index % 4 === 3 ? fuzzHeader() : fuzzSite(index)));
  if (errors.length > 0) throw new FindingError(`${errors.length} errors were logged`, errors[0]!);
  return tally;
}
