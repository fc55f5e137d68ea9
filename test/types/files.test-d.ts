// Checked by the compiler alone: a line marked @ts-expect-error must be an error, every other line must not.
import { App, Rule } from "@mini/core";
import { sendFile, StaticFiles } from "@mini/core/static";

const Files = StaticFiles({ root: "public" });
const app = new App({
  rules: [
    new Rule("/static/*path", { endpoint: "static", handler: Files, appMiddleware: false }),
    new Rule("/site/{*path}", { endpoint: "site", handler: Files }),
    new Rule("/robots.txt", { handler: Files, defaults: { path: ["robots.txt"] } }),
  ],
});
app.urlFor("static", { path: ["css", "site.css"] });
app.urlFor("site");
// @ts-expect-error a path is an array, with an item for each segment
app.urlFor("static", { path: "css/site.css" });
// @ts-expect-error the wildcard has another name
new App({ rules: [new Rule("/static/*file", { handler: Files })] });
// @ts-expect-error one segment is text, not a list
new App({ rules: [new Rule("/static/:path", { handler: Files })] });
// @ts-expect-error the root is missing
StaticFiles({});
// @ts-expect-error no such option
void sendFile("a.txt", { name: "b.txt" });
