import { Sessions, type Visit } from "@mini/session";
import { describe, expect, test } from "vitest";
import { everyMedium } from "../support/media.ts";

const secretKey = "a key that is long enough to be one";
const home = "http://localhost/";

interface Data {
  count: number;
  cart: string[];
}

type Work = (visit: Visit) => Response | Promise<Response>;

/** A browser that visits a program made of functions from request to response. */
function browser(sessions: Sessions, url = home) {
  const cookies = new Map<string, string>();
  return {
    cookies,
    header: () => [...cookies].map(([name, value]) => `${name}=${value}`).join("; "),
    request(init: RequestInit = {}): Request {
      return new Request(url, { ...init, headers: { cookie: this.header(), ...(init.headers as Record<string, string>) } });
    },
    async send(work: Work, init?: RequestInit): Promise<Response> {
      return this.keep(await sessions.run(this.request(init), work));
    },
    keep(response: Response): Response {
      for (const line of response.headers.getSetCookie()) {
        const [pair = "", ...attributes] = line.split("; ");
        const [name = "", value = ""] = pair.split("=");
        if (attributes.includes("Max-Age=0")) cookies.delete(name);
        else cookies.set(name, value);
      }
      return response;
    },
  };
}

const countIn = async (visit: Visit) => new Response(String((await visit.getSession<Data>()).increment("count")));

describe.each(everyMedium())("Sessions in $name", (medium) => {
  const clock = 1_700_000_000_000;
  const sessionsOf = () => new Sessions({ secretKey, backend: medium.open(() => clock), now: () => clock, deadline: 60_000 });

  test("a visit reads and saves the session of a standard request", async () => {
    const sessions = sessionsOf();
    const one = browser(sessions);
    const first = await one.send(countIn);
    expect([await first.text(), first.headers.get("vary"), first.headers.get("cache-control")]).toEqual(["1", "Cookie", "no-store"]);
    expect(first.headers.getSetCookie()).toHaveLength(1);
    expect(first.headers.getSetCookie()[0]).toMatch(/^session=v1\.[\w.-]+; Path=\/; HttpOnly; SameSite=Lax$/);
    expect(await (await one.send(countIn)).text()).toBe("2");
    expect(await (await browser(sessions).send(countIn)).text()).toBe("1");
  });
});
