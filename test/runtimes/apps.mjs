// The applications that every runtime serves: one for each place in which sessions are kept.
import { App, HTTPError, html, json, local, redirect, request, RequestHandler, Response, Rule, setCookie, text } from "@mini/core";
import { events } from "@mini/core/events";
import { MemoryBackend, SessionMiddleware } from "@mini/session";

const secretKey = "k".repeat(32);

class Home extends RequestHandler {
  get() {
    setCookie("a", "1");
    setCookie("b", "2");
    return text("häh");
  }
  post() {
    return this.request.text().then(text);
  }
}

class Page extends RequestHandler {
  get({ name }) {
    return html`<p>${name} ${request.args.get("q")} ${request.host === new URL(request.url).host}`;
  }
}

class Empty extends RequestHandler {
  get() {
    return new Response(null, { status: Number(request.args.get("status")) });
  }
}

/** Reads and copies responses before one is sent, and reads the headers of the request as others may. */
class Copied extends RequestHandler {
  async get() {
    const stream = new Response(new Blob(["b"]).stream(), { headers: { "x-kind": "stream" } });
    const native = new globalThis.Response("d", { headers: stream.headers });
    const asked = new Headers(request.headers).get("x-asked");
    return text([await text("a").clone().text(), await stream.text(), native.headers.get("x-kind"), asked].join());
  }
}

class Target extends RequestHandler {
  get() {
    return json([request.host, request.path]);
  }
}

class Leave extends RequestHandler {
  get() {
    return redirect("/pages/b?q=1");
  }
}

class Visits extends RequestHandler {
  static middleware = [SessionMiddleware];
  async get() {
    const session = await local.sessionStore.getSession();
    session.set("visits", (session.get("visits") ?? 0) + 1);
    return text(String(session.get("visits")));
  }
  async post() {
    (await local.sessionStore.getSession()).flash("saved");
    return redirect("/visits/messages", 303);
  }
  async delete() {
    await local.sessionStore.deleteSession();
    return text("ended");
  }
}

class Messages extends RequestHandler {
  static middleware = [SessionMiddleware];
  async get() {
    const session = await local.sessionStore.getSession();
    return json((await session.getFlashes()).map(({ message }) => message));
  }
}

class Form extends RequestHandler {
  async post() {
    const form = await request.formData();
    return json(
      await Promise.all(Array.from(form, async ([name, value]) => [name, typeof value === "string" ? value : await value.text()])),
    );
  }
}

const state = { aborted: 0, worked: 0, slow: 0 };

class Events extends RequestHandler {
  get() {
    return events(async function* ({ lastEventId }) {
      yield { data: lastEventId ?? 1 };
      yield { data: { two: 2 }, id: "2" };
    });
  }
}

/** A stream that ends when its client leaves. */
class Held extends RequestHandler {
  get() {
    const { signal } = request;
    const ended = () => void state.aborted++;
    return new Response(
      new ReadableStream({
        start(controller) {
          controller.enqueue("begun");
          signal.addEventListener("abort", ended, { once: true });
        },
        cancel: ended,
      }),
    );
  }
}

class Streamed extends RequestHandler {
  get() {
    const breaks = request.args.has("breaks");
    let count = 0;
    return new Response(
      new ReadableStream({
        async pull(controller) {
          await new Promise((resolve) => setTimeout(resolve, 10));
          count += 1;
          if (count <= 2) controller.enqueue(`${request.path} ${count}\n`);
          else if (breaks) controller.error(new Error("broken"));
          else controller.close();
        },
      }),
    );
  }
}

class Fail extends RequestHandler {
  get({ how }) {
    if (how === "teapot") throw new HTTPError(418, "No coffee here.");
    throw new Error("a secret of the program");
  }
}

class Platform extends RequestHandler {
  get() {
    const { platform } = request;
    platform.waitUntil(new Promise((resolve) => setTimeout(resolve, 20)).then(() => void state.worked++));
    return json({ ip: request.ip ?? null, kind: platform.env?.KIND ?? null });
  }
}

class State extends RequestHandler {
  get() {
    return json(state);
  }
}

/** Answers after more time than a closing server gives to a connection without a request. */
class Slow extends RequestHandler {
  async get() {
    state.slow++;
    await new Promise((resolve) => setTimeout(resolve, 1500));
    return text("slow");
  }
}

const rules = [
  new Rule("/", { handler: Home }),
  new Rule("/pages/:name", { handler: Page }),
  new Rule("/empty", { handler: Empty }),
  new Rule("/copied", { handler: Copied }),
  new Rule("/targets/*path", { handler: Target }),
  new Rule("/leave", { handler: Leave }),
  new Rule("/branch/", { handler: Page, defaults: { name: "branch" } }),
  new Rule("/visits", { handler: Visits }),
  new Rule("/visits/messages", { handler: Messages }),
  new Rule("/form", { handler: Form }),
  new Rule("/events", { handler: Events }),
  new Rule("/held", { handler: Held }),
  new Rule("/streamed", { handler: Streamed }),
  new Rule("/fail/:how", { handler: Fail }),
  new Rule("/platform", { handler: Platform }),
  new Rule("/state", { handler: State }),
  new Rule("/slow", { handler: Slow }),
];

const toErrors = (message) => console.error(message);
const logger = { error: toErrors, warn: toErrors, info: toErrors, debug: toErrors };

/** @param more - Rules that need a disk. */
export function appOf(session, more = []) {
  return new App({ rules: [...rules, ...more], config: { session }, logger, maxBodySize: 100_000 });
}

/** The settings of sessions that need nothing outside of the program. */
export const sessions = {
  cookie: () => ({ secretKey }),
  encrypted: () => ({ secretKey, encrypt: true }),
  memory: () => ({ secretKey, backend: new MemoryBackend() }),
};

export const withBackend = (backend) => ({ secretKey, backend });
