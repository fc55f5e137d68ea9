import { App, RequestHandler, Rule, text } from "@mini/core";
import { afterEach } from "vitest";
import { Connection, type Protocol } from "./protocols.ts";

/** An application whose page `/post` does the work of a test, beside a home page. */
export function appOf(work: () => unknown, logged: string[] = []): App {
  const note = (line: string) => void logged.push(line);
  class Post extends RequestHandler {
    post() {
      return work() as Promise<Response>;
    }
    get() {
      return work() as Promise<Response>;
    }
  }
  class Home extends RequestHandler {
    get() {
      return text("home");
    }
  }
  return new App({
    rules: [new Rule("/", { handler: Home }), new Rule("/post", { handler: Post })],
    logger: { error: note, warn: note, info: note, debug: note },
  }) as unknown as App;
}

/** A function that serves such an application and connects to it. Connections and servers are closed after each test of the file. */
export function postConnections(): (protocol: Protocol, work: () => unknown, logged?: string[]) => Promise<Connection> {
  const connections: Connection[] = [];
  afterEach(async () => {
    for (const connection of connections.splice(0)) await connection.close();
  });
  return async (protocol, work, logged) => {
    const connection = await Connection.open(appOf(work, logged), protocol);
    connections.push(connection);
    return connection;
  };
}
