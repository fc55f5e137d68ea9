import { App, EndpointPrefix, Host, int, matching, number, oneOf, request, RequestHandler, Rule, Submount, text, uuid } from "@mini/core";
import { count, each, FindingError, Random, type Tally, type Task } from "./random.ts";

class Any extends RequestHandler {
  get(): ReturnType<typeof text> {
    return text(`${request.args.size} ${request.url}`);
  }
  post(): ReturnType<typeof text> {
    return text("posted");
  }
}

const handler = Any;
const rules = [
  ...Host(":tenant.example.org", Submount("/t", [new Rule("/:id", { handler, where: { id: int } }), new Rule("/p{/:page}", { handler })])),
  ...EndpointPrefix("x/", Submount("/x/:lang", [new Rule("/", { endpoint: "lang", handler, where: { lang: oneOf("en", "de") } })])),
  new Rule("/", { handler }),
  new Rule("/a{/:b}{/:c}-x", { handler }),
  new Rule("/:name.:ext", { handler, where: { ext: matching(/[a-z]{1,4}/) } }),
  new Rule("/v:major.:minor", { handler, where: { major: int, minor: number } }),
  new Rule("/u/:id", { handler, where: { id: uuid } }),
  new Rule("/files/*path", { handler }),
  new Rule("/files/*path/edit", { handler, methods: ["POST"] }),
  new Rule("/old/*rest", { redirectTo: "/new/*rest" }),
  new Rule("/fn/*rest", { redirectTo: ({ rest }) => rest.join("/") }),
  new Rule("/list", { endpoint: "list", handler, defaults: { page: 1 } }),
  new Rule("/list/:page", { endpoint: "list", handler, where: { page: number } }),
  new Rule("/branch/", { handler }),
  new Rule("/\u00e9/:\u00e9", { handler }),
];

const good = [
  ..."/ /a/1/2-x /n.txt /v1.2 /u/6f9619ff-8b86-d011-b42d-00cf4fc964ff /files/a/b /files/a/edit /old/a/b /fn/a /list /list/1 /list/2".split(
    " ",
  ),
  ..."/branch /branch/ /%C3%A9/x /t/1 /t/p/2 /x/en/ //evil.example/ /fn//evil.example /fn/%2F%2Fevil.example /old/..//a".split(" "),
];
const pieces =
  "/ // . .. %2F %2f %5C \\ % %zz %00 %0d%0a %C3%A9 %E9 ? # ; : @ & = + * a 1 -x .txt 1e3 -0 %25 edit evil.example http: [ ] { }".split(
    " ",
  );
const hosts = ["acme.example.org", "example.org", "a.b.example.org", "localhost:8080", "[::1]"];
const answers = new Set([200, 204, 302, 308, 400, 404, 405, 501]);

/** Targets as they come over the wire, which no URL parser has touched, at rules of every kind. */
export async function fuzzPaths(task: Task): Promise<Tally> {
  const random = new Random(task.seed);
  const tally: Tally = new Map();
  const errors: string[] = [];
  const nothing = () => undefined;
  const logger = { error: (line: string) => void errors.push(line), warn: nothing, info: nothing, debug: nothing };
  const app = new App({ rules, logger, trustProxy: true, trustedHosts: undefined });

  async function ask(target: string, host: string, method: string): Promise<string> {
    const input = `${method} ${host} ${target}`;
    const web = new Request("http://localhost/", { method });
    let url = `http://${host}${target}`;
    for (let hops = 0; ; hops++) {
      if (hops > 5) throw new FindingError("Redirects go on and on", input);
      Object.defineProperty(web, "url", { value: url, configurable: true });
      const response = await app.fetch(web);
      if (!answers.has(response.status)) throw new FindingError(`The answer is ${response.status}`, input);
      count(tally, `${response.status}`);
      const location = response.headers.get("location");
      if (location === null) return input;
      if (!/^\/(?![/\\])[\x21-\x7e]*$/.test(location)) throw new FindingError(`It is redirected to ${JSON.stringify(location)}`, input);
      url = `http://${host}${location}`;
    }
  }

  await each(task, () => {
    const made = random.below(2) === 0 ? random.change(random.pick(good), random.pick(good)) : random.picks(pieces, 12).join("");
    const target = `/${made.replace(/^\//, "")}${random.below(4) === 0 ? `?${random.text(20)}` : ""}`;
    return ask(target, random.pick(hosts), random.pick(["GET", "GET", "POST", "PUT", "HEAD", "OPTIONS", "BREW"]));
  });
  if (errors.length > 0) throw new FindingError(`${errors.length} errors were logged`, errors[0]!);
  return tally;
}
