import { App, RequestHandler, Rule, type AppOptions, type MiddlewareList } from "@mini/core";
import { TestClient } from "@mini/core/testing";

type Answer = (this: void) => unknown;

/** An app whose one handler does the work of the test. */
export function makeApp(
  work: Answer,
  { rules = [], ...options }: Partial<AppOptions<readonly Rule[]>> & { readonly list?: MiddlewareList } = {},
) {
  const logged: string[] = [];
  const note = (message: string) => void logged.push(message);
  class Handler extends RequestHandler {
    static override middleware: MiddlewareList = options.list ?? [];
    get() {
      return work() as never;
    }
    post() {
      return work() as never;
    }
  }
  const app = new App({
    rules: [new Rule("/", { endpoint: "home", handler: Handler }), ...rules],
    logger: { error: note, warn: note, info: note, debug: note },
    ...options,
  });
  return {
    app,
    logged,
    client: new TestClient(app),
    get: (path = "/", headers: Record<string, string> = {}) => new TestClient(app).get(path, { headers }),
  };
}
