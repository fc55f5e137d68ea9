import { App, RequestHandler, Rule, text } from "@mini/core";

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
