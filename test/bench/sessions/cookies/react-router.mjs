// The cookie storage of react-router on node:http.
import { createServer } from "node:http";
import { createCookieSessionStorage } from "react-router";
import { answer, listen } from "../signed.mjs";

const cookie = { name: "session", secrets: ["benchmark ".repeat(4)], path: "/", httpOnly: true, sameSite: "lax" };
const { getSession, commitSession } = createCookieSessionStorage({ cookie });

async function handle(request, response) {
  const session = await getSession(request.headers.cookie);
  if (request.url === "/read") return answer(response, { count: session.get("count") });
  const count = (session.get("count") ?? 0) + 1;
  session.set("count", count);
  answer(response, { count }, await commitSession(session));
}

export const start = () => listen(createServer((request, response) => void handle(request, response)));
