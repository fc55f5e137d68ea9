import type { Context } from "../context/context.ts";
import { describeError, stackParts } from "../context/error-text.ts";
import type { RuleDescription } from "../routing/describe-rules.ts";
import type { Recording, Shown, Span } from "../tracing/trace.ts";
import type { NearRule, NearRules } from "./near-rules.ts";
import { shownCall, type ShownCall } from "./source-lines.ts";
import { shownMember, shownQuery, shownText } from "./shown-values.ts";

/** A request, as the inspector shows it. */
export interface Entry {
  /** Counts up from the microsecond in which the server began, so that an open page also shows the requests of a restarted server. */
  readonly number: number;
  readonly id: string;
  /** When it began, in milliseconds since the Unix epoch. */
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly status: number;
  /** Milliseconds from the beginning of the request to the head of the response. */
  readonly ms: number;
  readonly rule: string | undefined;
  readonly endpoint: string | undefined;
  readonly near: readonly NearRule[];
  readonly spans: readonly Span[];
  /** Spans and notes that were left out, because there were too many. */
  readonly omitted: number;
  readonly error: string | undefined;
  /** The calls that led to the error, if their source is code of the project. */
  readonly calls: readonly ShownCall[];
}

/** The most requests that are kept, the most spans of one, and the most changes of a span. */
const mostEntries = 200;
const mostSpans = 100;
const mostChanges = 50;

/** Keeps the last requests of an application, and notifies code that waits for the next one. */
export class Recorder {
  readonly #entries: Entry[] = [];
  readonly #nearRules: NearRules;
  readonly #describe: () => readonly RuleDescription[];
  #count = Date.now() * 1000;
  #waiting: (() => void)[] = [];

  /** @param describe - Returns the table of rules, which has the methods of a handler class once it is loaded. */
  constructor(nearRules: NearRules, describe: () => readonly RuleDescription[]) {
    this.#nearRules = nearRules;
    this.#describe = describe;
  }

  get rules(): readonly RuleDescription[] {
    return this.#describe();
  }

  /** The entries after a number, the oldest first. */
  after(number: number): readonly Entry[] {
    return this.#entries.filter((entry) => entry.number > number);
  }

  /** Settles with the next entry, or when the signal is aborted. */
  next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener("abort", done);
        this.#waiting = this.#waiting.filter((each) => each !== done);
        resolve();
      };
      this.#waiting.push(done);
      signal.addEventListener("abort", done);
      if (signal.aborted) done();
    });
  }

  /** Adds a request whose response is being sent. Never throws. */
  add(context: Context, status: number, recording: RequestRecording): void {
    const { method, path, search, rule, id } = context.request;
    this.#entries.push({
      number: ++this.#count,
      id,
      at: Date.now() - recording.elapsed(),
      method,
      path: shownText(path),
      query: shownQuery(search),
      status,
      ms: recording.elapsed(),
      rule: rule?.path,
      endpoint: rule?.endpoint,
      near: this.#nearRules.for(context.request),
      spans: recording.spans(),
      omitted: recording.omitted,
      error: context.hasFailed ? shownText(describeError(context.error)) : undefined,
      calls: context.hasFailed ? callsOf(context.error) : [],
    });
    if (this.#entries.length > mostEntries) this.#entries.shift();
    for (const tell of this.#waiting.splice(0)) tell();
  }
}

/** The most calls of an error that are shown. */
const mostCalls = 3;

function callsOf(error: unknown): readonly ShownCall[] {
  try {
    if (!(error instanceof Error)) return [];
    const calls = stackParts(error).frames.slice(0, 50).map(shownCall);
    return calls.filter(({ lines }) => lines !== undefined).slice(0, mostCalls);
  } catch {
    return [];
  }
}

/** A span that may not have ended yet. What it shows is computed when the response is sent. */
interface Draft {
  readonly name: string;
  readonly show: () => Shown;
  readonly from: number;
  to: number | undefined;
  error: string | undefined;
}

/** What one request records while it runs. */
export class RequestRecording implements Recording {
  readonly #began: number;
  readonly #drafts: Draft[] = [];
  /** Spans that were left out. */
  omitted = 0;

  /** @param began - In milliseconds of `performance.now()`. */
  constructor(began: number) {
    this.#began = began;
  }

  elapsed(): number {
    return Math.round((performance.now() - this.#began) * 100) / 100;
  }

  begin(name: string, show: () => Shown): (failure?: { readonly error: unknown }) => void {
    const draft = this.#add(name, show);
    return (failure) => {
      if (draft === undefined) return;
      draft.to = this.elapsed();
      if (failure !== undefined) draft.error = shownText(describeError(failure.error));
    };
  }

  note(name: string, show: () => Shown): void {
    const draft = this.#add(name, show);
    if (draft !== undefined) draft.to = draft.from;
  }

  #add(name: string, show: () => Shown): Draft | undefined {
    if (this.#drafts.length >= mostSpans) {
      this.omitted++;
      return undefined;
    }
    const draft: Draft = { name, show, from: this.elapsed(), to: undefined, error: undefined };
    this.#drafts.push(draft);
    return draft;
  }

  spans(): readonly Span[] {
    return this.#drafts.map(({ name, show, from, to, error }) => {
      const { label, details = {}, changes = [] } = show();
      const shown = Object.entries(details).map(([key, value]) => [key, shownMember(key, value)] as const);
      return {
        name,
        label: shownText(label),
        from,
        to,
        details: shown.filter(([, value]) => value !== ""),
        changes: changes.slice(0, mostChanges).map(({ key, before, after }) => ({
          key: shownText(key),
          before: shownMember(key, before),
          after: shownMember(key, after),
        })),
        error,
      };
    });
  }
}
