import { symlinkSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { App, Rule } from "@mini/core";
import { StaticFiles, type StaticFilesOptions } from "@mini/core/static";
import { TestClient } from "@mini/core/testing";
import { temporaryFolder } from "./folder.ts";

/** When `digits.txt` and `large.bin` were modified, a second before and a second after. */
export const modified = "Tue, 14 Nov 2023 22:13:20 GMT";
export const before = "Tue, 14 Nov 2023 22:13:19 GMT";
export const after = "Tue, 14 Nov 2023 22:13:21 GMT";
/** The entity tag of `digits.txt`: the first 16 characters of the SHA-256 of "0123456789" in base64url. */
export const digitsTag = '"hNiYd_DUBB77a_ka"';

/** An application with a folder of files of all kinds, removed when the tests of a file are done. */
export function staticSite() {
  const outside = temporaryFolder({ "secret.txt": "secret", "folder/secret.txt": "secret" });
  const folder = temporaryFolder({
    "digits.txt": "0123456789",
    "empty.txt": "",
    "index.html": "<p>root</p>",
    "docs/index.html": "<p>docs</p>",
    "bare/file.txt": "bare",
    "app.js": "plain script",
    "app.js.br": "script in br",
    "app.js.zst": "script in zstd",
    "app.js.gz": "script in gzip",
    "only.css": "plain style",
    "only.css.gz": "style in gzip",
    "lost.css.gz": "no plain style",
    "leak.txt": "inside",
    ".env": "secret",
    ".git/config": "secret",
    "docs/.htpasswd": "secret",
    "grün ñ 日本 😀.txt": "any script",
    "100%.txt": "percent",
    "a+b&c=d.txt": "signs",
    "a..b.txt": "two dots",
    html: "no extension",
    "a.constructor": "what objects inherit",
    "LOUD.HTML": "upper case",
    "large.bin": "0123456789".repeat(50_000),
  });
  for (const name of ["digits.txt", "large.bin"]) utimesSync(join(folder, name), 1_700_000_000, 1_700_000_000);
  symlinkSync(join(outside, "secret.txt"), join(folder, "link.txt"));
  symlinkSync(join(outside, "folder"), join(folder, "linked"));
  symlinkSync(join(outside, "secret.txt"), join(folder, "leak.txt.gz"));
  symlinkSync(join(folder, ".env"), join(folder, "environment"));
  symlinkSync(join(folder, "digits.txt"), join(folder, "alias.txt"));
  symlinkSync(join(folder, "loop"), join(folder, "loop"));

  function appOf(options: Partial<StaticFilesOptions> = {}) {
    const handler = StaticFiles({ root: folder, ...options });
    return new App({ rules: [new Rule("/static/{*path}", { endpoint: "static", handler, appMiddleware: false })] });
  }
  const client = new TestClient(appOf());
  const get = (path: string, headers: Record<string, string> = {}, method = "GET") => client.request(path, { headers, method });
  return { outside, folder, appOf, get };
}
