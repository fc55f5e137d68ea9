import type { Context } from "../context/context.ts";
import { servedOf } from "../context/request.ts";
import { storage } from "../context/running-request.ts";
import { events } from "../events/events.ts";
import { withoutPort } from "../http/host.ts";
import type { Response } from "../http/response.ts";
import type { RuleDescription } from "../routing/describe-rules.ts";
import type { AnyRule } from "../rules/rule.ts";
import { setRecordingFinder } from "../tracing/trace.ts";
import { NearRules } from "./near-rules.ts";
import { inspectorPage } from "./page.ts";
import { inspectorPath } from "./path.ts";
import { Recorder, RequestRecording } from "./recorder.ts";

const eventsPath = `${inspectorPath}/events`;

/** Addresses of this machine. */
const loopback = /^(?:127(?:\.\d{1,3}){3}|::1|::ffff:127(?:\.\d{1,3}){3})$/i;
const localNames = /^(?:localhost|[\w-]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i;
/** Headers that proxies add. Behind a proxy on this machine, the visitor may be on another one. */
const proxyHeaders = /^(?:forwarded|via|x-(?:original-)?forwarded-.*|x-real-ip|.*-connecting-ip|.*client-ip|x-envoy-.*)$/;

/** Whether a request is for a page of the inspector. Such requests are not recorded. */
function isForInspector(path: string): boolean {
  return path === inspectorPath || path === eventsPath;
}

/** The inspector of an application: records its requests, and answers its own pages. */
export class Inspector {
  readonly #recorder: Recorder;

  constructor(rules: readonly AnyRule[], describe: () => readonly RuleDescription[]) {
    this.#recorder = new Recorder(new NearRules(rules, describe), describe);
    setRecordingFinder(() => storage.getStore()?.recording);
  }

  /** The inspector's own response; `undefined` for any other request, which is recorded from now on. */
  answer(context: Context): Response | undefined {
    if (isForInspector(context.request.path)) return answerInspector(context, this.#recorder);
    context.recording = new RequestRecording(context.began);
    return undefined;
  }

  /** Adds a request whose response is being sent. */
  add(context: Context, status: number): void {
    if (context.recording instanceof RequestRecording) this.#recorder.add(context, status, context.recording);
  }
}

/**
 * The response of the inspector. `undefined` for requests that it does not answer: those from another machine, through a proxy, from a
 * page of another site, or for another host name, because an attacker can make their own host name resolve to this machine.
 */
function answerInspector(context: Context, recorder: Recorder): Response | undefined {
  const { request } = context;
  const { headers, ip } = servedOf(request);
  const isLocal =
    loopback.test(ip ?? "") && localNames.test(withoutPort(request.host)) && ![...headers.keys()].some((name) => proxyHeaders.test(name));
  const isOwn = ["same-origin", "none"].includes(headers.get("sec-fetch-site") ?? "none");
  if (!isLocal || !isOwn || request.method !== "GET") return undefined;
  return request.path === inspectorPath ? inspectorPage() : entryEvents(recorder);
}

/** Sends the rules, then an event for each request. A client that reads slowly misses the entries that are dropped in the meantime. */
function entryEvents(recorder: Recorder): Response {
  return events(
    async function* ({ lastEventId, signal }) {
      yield { event: "rules", data: recorder.rules };
      let last = Number(lastEventId ?? 0) || 0;
      while (!signal.aborted) {
        const [entry] = recorder.after(last);
        if (entry === undefined) {
          await recorder.next(signal);
          continue;
        }
        last = entry.number;
        yield { event: "request", id: String(last), data: entry };
      }
    },
    { retry: 1000 },
  );
}
