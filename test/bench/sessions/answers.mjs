// What every server with sessions answers: /change counts in the session of the request, /read says the count, and
// /untouched asks nothing of it.
import { verify } from "../measure/verify.mjs";

const text = (body) => ({ type: "text/plain;charset=utf-8", body });

/** The Cookie header of a browser that had one and was given these. */
function keep(header, cookies) {
  const pairs = [...(header?.split("; ") ?? []), ...cookies.map((cookie) => cookie.split(";")[0])];
  return [...new Map(pairs.map((pair) => [pair.split("=")[0], pair])).values()].join("; ");
}

/** @throws Error for a server whose sessions do not count, or that gives away those of others. */
async function verifySessions(server, path) {
  let cookie;
  const send = async (to, count) => {
    const found = await server.fetch({ path: to, headers: cookie === undefined ? {} : { cookie } });
    verify(server.name, found, text(`count ${count}`));
    cookie = keep(cookie, found.cookies);
  };
  for (const count of [1, 2, 3]) await send("/change", count);
  await send("/read", 3);
  const stranger = await server.fetch({ path: "/read" });
  verify(server.name, stranger, text("count undefined"));
  if (path !== "/untouched") return;
  const untouched = await server.fetch({ path, headers: { cookie } });
  verify(server.name, untouched, text("Hello world!"));
  if (untouched.cookies.length > 0) throw new Error(`${server.name} sets a cookie where nobody has asked for a session`);
}

/** Cookies of new sessions that hold the count 1, and where the path says so more than that. */
export function newSessions(server, count, path = "/change") {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const { cookies } = await server.fetch({ path });
      return keep(undefined, cookies);
    }),
  );
}

/** What a session has counted. */
export async function countOf(server, cookie) {
  const { body } = await server.fetch({ path: "/read", headers: { cookie } });
  const [, count] = /^count (\d+)$/.exec(body) ?? [];
  if (count === undefined) throw new Error(`${server.name} has lost a session`);
  return Number(count);
}

/** What clients send that ask for one path, each with one of the cookies. */
export const clientsOf = (path, cookies) => cookies.map((cookie) => [{ path, headers: { cookie } }]);

/** Looks at a server's answers, and gives what so many clients are to send, each in a session of its own. */
export async function prepareSessions(server, path, count) {
  await verifySessions(server, path);
  return clientsOf(path, await newSessions(server, count));
}
