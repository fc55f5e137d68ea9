// iron-session on node:http; it encrypts the cookie.
import { createServer } from "node:http";
import { getIronSession } from "iron-session";
import { answer, listen } from "../signed.mjs";

const options = {
  password: "benchmark ".repeat(4),
  cookieName: "session",
  cookieOptions: { path: "/", httpOnly: true, sameSite: "lax", secure: false },
};

async function handle(request, response) {
  const session = await getIronSession(request, response, options);
  if (request.url === "/change") {
    session.count = (session.count ?? 0) + 1;
    await session.save();
  }
  answer(response, session);
}

export const start = () => listen(createServer((request, response) => void handle(request, response)));
