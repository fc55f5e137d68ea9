// What every server of the http part answers. Each is asked for one thing only and has only that: a contestant whose
// middleware parses JSON does not pay for it in the other scenarios.

export const hello = "Hello world!";

const resources = Array.from({ length: 25 }, (_each, i) => `resource-${i}`);

/** 100 rules, in the syntax that all have in common; those with two parameters are asked for. */
export const rules = resources.flatMap((name) => [`/${name}`, `/${name}/:id`, `/${name}/:id/edit`, `/${name}/:id/comments/:comment`]);

const paragraph = "<p>The quick brown fox jumps over the lazy dog, and the dog &amp; the fox are friends.</p>\n";

/** HTML of 10 KB. */
export const page = `<!doctype html>\n<title>A page</title>\n${paragraph.repeat(200)}`.slice(0, 10_240);

/** 1 KB as JSON. */
export const order = {
  id: 4711,
  customer: { name: "Ada Lovelace", email: "ada@example.org", isNew: false },
  items: Array.from({ length: 9 }, (_each, i) => ({
    sku: `SKU-${1000 + i}`,
    title: `Article number ${i}`,
    amount: i + 1,
    price: 9.5 * (i + 1),
  })),
  note: "Leave it with the neighbours when nobody is at home, and ring twice before you do. ".repeat(4).slice(0, 297),
};

const json = JSON.stringify(order);
const text = { type: "text/plain;charset=utf-8", body: hello };

/** By name: what is sent, one after the other, and the answer that each must get. */
export const scenarios = {
  hello: { title: "A text of one line", exchanges: [{ request: { path: "/" }, wanted: text }] },
  params: {
    title: "Two parameters among 100 rules, answered in JSON",
    exchanges: resources.map((name, i) => ({
      request: { path: `/${name}/${1000 + i}/comments/c${i}` },
      wanted: { type: "application/json", body: { id: String(1000 + i), comment: `c${i}` } },
    })),
  },
  page: { title: "A page of 10 KB", exchanges: [{ request: { path: "/" }, wanted: { type: "text/html;charset=utf-8", body: page } }] },
  json: {
    title: "JSON of 1 KB in and out",
    exchanges: [
      {
        request: { path: "/", method: "POST", headers: { "content-type": "application/json" }, body: json },
        wanted: { type: "application/json", body: order },
      },
    ],
  },
};
