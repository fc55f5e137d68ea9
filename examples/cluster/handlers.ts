import { html, local, RequestHandler, Response, seeOther, setHeader, urlFor } from "@mini/core";
import type { Html } from "@mini/core";
import { SessionMixin } from "@mini/session";
import type { Session } from "@mini/session";
import { page } from "./layout.ts";
import type { Member } from "./messages.ts";
import { styles } from "./styles.ts";

declare module "@mini/session" {
  interface SessionData {
    clicks: number;
    /** The clicks that the process with this number has counted. */
    [clicksOf: `clicks/${number}`]: number;
  }
}

export class CounterHandler extends SessionMixin(RequestHandler) {
  async get() {
    setHeader("cache-control", "no-store"); // the next response may come from another process
    const { me, team } = local.fleet;
    const session = await this.session;
    const members = team();
    const count = members.length === 1 ? "the only process" : `one of ${members.length} processes`;
    const isLeaving = !members.some(({ pid }) => pid === me.pid);
    return page(
      `Process ${me.number} answered`,
      html`<p>It has the pid ${me.pid} and is ${isLeaving ? "just being replaced by another" : count} behind this port.</p>
        <form class="card counter" method="post" action="${urlFor("home")}">
          <p><b>${session.get("clicks") ?? 0}</b> ${session.get("clicks") === 1 ? "click" : "clicks"} in this session</p>
          <button class="primary">Add one</button>
        </form>
        ${tally(session, members, me)}`,
    );
  }

  async post() {
    const session = await this.session;
    // Both increments are added to the newest values, even if other processes change the session at this moment.
    session.increment("clicks");
    session.increment(`clicks/${local.fleet.me.number}`);
    return seeOther(urlFor("home"));
  }
}

export class StyleHandler extends RequestHandler {
  get() {
    return new Response(styles, { headers: { "content-type": "text/css; charset=utf-8" } });
  }
}

/** The clicks of the session by process: all processes that run, and former ones if there were more. */
function tally(session: Session, members: readonly Member[], me: Member): Html {
  const pids = new Map(members.map(({ number, pid }) => [number, pid]));
  const before = [...session.keys()].filter((key) => key.startsWith("clicks/")).map((key) => Number(key.slice("clicks/".length)));
  const numbers = [...new Set([...pids.keys(), ...before])].toSorted((one, other) => one - other);
  const clicksOf = (number: number) => session.get(`clicks/${number}`) ?? 0;
  const most = Math.max(1, ...numbers.map(clicksOf));
  const rows = numbers.map((number) => {
    const pid = pids.get(number);
    const width = ((100 * clicksOf(number)) / most).toFixed(1);
    return html`<tr>
      <th scope="row">${number}${pid === me.pid && html` <span class="badge">this page</span>`}</th>
      <td>${pid ?? "none"}</td>
      <td>${clicksOf(number)}</td>
      <td class="bar" aria-hidden="true"><svg><rect width="${width}%" height="100%" rx="5"/></svg></td>
    </tr>`;
  });
  return html`<h2 id="tally">Who took the clicks</h2>
    <table aria-labelledby="tally">
      <thead><tr><th scope="col">Process</th><th scope="col">Pid</th><th scope="col">Clicks</th><td aria-hidden="true"></td></tr></thead>
      <tbody>${rows}</tbody>
    </table>`;
}
