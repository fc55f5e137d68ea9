import { parseSetCookie } from "cookie";
import { describe, expect, test } from "vitest";
import { everyMedium, type Medium } from "../support/media.ts";
import { CaseRun, idIn } from "../support/session-case-run.ts";
import { casesFor, hasOverlap, type Case, type Step } from "../support/session-cases.ts";

test("the facts of sessions are 74 for cookies, and 86 for stores", () => {
  expect([casesFor("cookie").length, casesFor("store").length]).toEqual([74, 86]);
});

describe.each(await everyMedium())("the facts of sessions, kept in $name", (medium) => {
  const own = casesFor(medium.isServerSide ? "store" : "cookie");

  test.each(own.map((each) => [each.id, each] as const))("%s", async (_id, each) => {
    await expect(play(medium, each)).resolves.toBeUndefined();
  });

  // The last of the requests is answered first then.
  const overlapping = own.filter(hasOverlap);
  test.each(overlapping.map((each) => [each.id, each] as const))("%s in reverse", async (_id, each) => {
    await expect(play(medium, each, true)).resolves.toBeUndefined();
  });
});

const isDeletion = (line: string) => /;\s*Max-Age=0/i.test(line);
const nameOf = (line: string) => line.slice(0, line.indexOf("="));
const valueOf = (line: string) => parseSetCookie(line, { decode: (raw) => raw }).value!;

/** Whether a step, or a request of it, gives a session an end or a new id. */
function givesNewId({ ops }: Pick<Step, "ops">): boolean {
  return ops.some(
    ({ op, requests }) => op === "deleteSession" || op === "regenerate" || requests?.some((each) => givesNewId({ ops: each })),
  );
}

/** Sends a case's requests, one step after the other, and compares what comes of each with what the case expects. */
async function play(medium: Medium, each: Case, isReversed = false): Promise<void> {
  // A session keeps the objects that are set, which other requests would find changed.
  const { steps } = structuredClone(each);
  const run = new CaseRun(medium);
  const shared = new Map<string, string>();
  const jars = new Map<string, Map<string, string>>();
  const saved = new Map<string, Map<string, string>>();
  /** Ids that clients were given, in order, and the cookies of those that have not ended. */
  const given: string[] = [];
  const live = new Set<string>();

  for (const [i, step] of steps.entries()) {
    const at = `step ${i + 1}`;
    const named = step.jar === undefined ? shared : (jars.get(step.jar) ?? new Map<string, string>());
    if (step.jar !== undefined) jars.set(step.jar, named);
    const jar = step.jar !== undefined && saved.has(step.jar) ? new Map(saved.get(step.jar)) : named;
    const [reads, puts] = [run.calls("read"), run.calls("create", "swap")];
    const before = new Map(jar);
    const responses = await run.answers(step, jar, isReversed);
    expect(run.failures, at).toEqual([]);
    for (const { status } of responses) expect(status, at).toBe(step.expect.status ?? 200);
    if (step.ops.some(({ op }) => op === "storeDelete")) live.clear();

    const sent = responses.map((response) => response.headers.getSetCookie());
    for (const each of sent) expect(new Set(each.map(nameOf)).size, `${at}: each name once`).toBe(each.length);
    const lines = new Map(sent.flat().map((line) => [nameOf(line), line]));
    const outcome = (name: string) => (lines.has(name) ? (isDeletion(lines.get(name)!) ? "delete" : "set") : "none");
    for (const name of new Set([...lines.keys(), ...Object.keys(step.expect.cookies)])) {
      const wanted = [step.expect.cookies[name] ?? "none"].flat();
      // In a store a change to a session that is there leaves its cookie as it is: it holds the id, and no more.
      const keepsCookie = medium.isServerSide && live.has(before.get(name) ?? "") && !givesNewId(step);
      const expected = keepsCookie ? wanted.map((each) => (each === "set" ? "none" : each)) : wanted;
      expect(expected, `${at}: cookie ${name}`).toContain(outcome(name));
    }
    for (const [name, wanted] of Object.entries(step.expect.attrs ?? {})) checkAttributes(lines.get(name)!, wanted);

    for (const [name, line] of lines) {
      live.delete(before.get(name) ?? "");
      if (isDeletion(line)) jar.delete(name);
      else jar.set(name, valueOf(line));
      const id = isDeletion(line) || !medium.isServerSide ? undefined : idIn(valueOf(line));
      if (id === undefined) continue;
      expect(given, `${at}: an id that was there before`).not.toContain(id);
      given.push(id);
      live.add(valueOf(line));
    }
    for (const { op, as, name, since, expect: wanted } of step.ops) {
      if (op === "saveJar") saved.set(as ?? name, new Map(jar));
      const earlier = since === undefined ? given[0] : idIn(saved.get(since)?.get("session"));
      if (op === "sidChanged") expect(idIn(jar.get("session")) !== earlier, `${at}: another id`).toBe(wanted);
    }
    const { entities, backendGets, backendPuts } = step.expect.store ?? {};
    if (backendGets !== undefined) expect(run.calls("read") - reads, `${at}: reads`).toBe(backendGets);
    if (backendPuts !== undefined) expect(run.calls("create", "swap") - puts, `${at}: writes`).toBe(backendPuts);
    if (entities !== undefined) expect(await run.sessions(), `${at}: sessions`).toBe(entities);
  }
}

function checkAttributes(line: string, wanted: Readonly<Record<string, string | boolean | null>>): void {
  const attributes = new Map(
    line
      .split("; ")
      .slice(1)
      .map((part) => [part.split("=")[0]!.toLowerCase(), part.split("=")[1] ?? true]),
  );
  for (const [name, target] of Object.entries(wanted)) {
    // An age says the same as a date.
    const key = name === "Expires" && target !== null && !attributes.has("expires") ? "max-age" : name.toLowerCase();
    const got = attributes.get(key);
    if (target === "present") expect(got, `${name} of ${line}`).toBeDefined();
    else expect(got ?? null, `${name} of ${line}`).toBe(target);
  }
}
