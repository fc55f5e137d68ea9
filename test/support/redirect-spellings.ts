/** The site that no redirect may leave, and the site of an attacker. */
export const site = "http://site.example:8080";
export const evil = "evil.example";

/** Characters that browsers, servers or people take for other characters of URLs. */
const slashes = [
  "/",
  "\\",
  "\uff0f",
  "\uff3c",
  "\u2044",
  "\u2215",
  "\u29f8",
  "%2f",
  "%2F",
  "%5c",
  "%5C",
  "%252f",
  "%255c",
  "&#47;",
  "&sol;",
];
const nothing = [
  "",
  "\t",
  "\n",
  "\r",
  "\r\n",
  "\0",
  "\x0b",
  "\x0c",
  " ",
  "\xa0",
  "\xad",
  "\u200b",
  "\u2028",
  "\u2060",
  "\ufeff",
  "%00",
  "%09",
  "%0a",
  "%20",
];
const dots = ["\u3002", "\uff0e", "\uff61", "%2e", "%E3%80%82"];
const dotSegments = [".", "..", "%2e", "%2E", "%2e%2e", ".%2e", "%2E.", "a/..", "a/%2e%2e", "./.", "../..", ";", "..;", ".;"];

/** Two slashes of any kind, with characters before, between or after them that are ignored. */
const networkPaths = slashes.flatMap((one) =>
  slashes.flatMap((other) => [one + other + evil, `${one}${other}${one}${evil}`, `/${one}${other}${evil}`, `a${one}${other}${evil}`]),
);
const broken = nothing.flatMap((blank) =>
  ["/", "\\"].flatMap((slash) => [
    `${blank}/${slash}${evil}`,
    `/${blank}${slash}${evil}`,
    `/${slash}${blank}${evil}`,
    `${blank}/${blank}${slash}${blank}${evil}`,
    `http:${blank}/${slash}${evil}`,
    `ht${blank}tp:/${slash}${evil}`,
    `http${blank}:/${slash}${evil}`,
    `${blank}https:${slash}${evil}`,
  ]),
);

/** Paths that begin with two slashes once their dot segments are removed. */
const normalised = dotSegments.flatMap((dot) =>
  ["/", "\\"].flatMap((slash) => [
    `/${dot}/${slash}${evil}`,
    `/${dot}${slash}${slash}${evil}`,
    `${dot}//${evil}`,
    `./${dot}/${slash}${evil}`,
    `//${dot}/${slash}${evil}`,
    `${site}/${dot}/${slash}${evil}`,
    `${site}//${evil}/${dot}`,
    `${site}${slash}${slash}${dot}${slash}${evil}`,
  ]),
);

const schemes = [
  "http",
  "https",
  "HTTP",
  "hTTpS",
  "ftp",
  "ws",
  "wss",
  "file",
  "javascript",
  "JavaScript",
  "data",
  "blob",
  "filesystem",
].concat([
  "vbscript",
  "about",
  "mailto",
  "tel",
  "sms",
  "view-source",
  "chrome",
  "intent",
  "jar",
  "ms-word",
  "x",
  "h\u200btp",
  "http\u02d0",
  "http\uff1a",
]);
const afterScheme = [
  "",
  "/",
  "//",
  "///",
  "////",
  "\\",
  "\\\\",
  "/\\",
  "\\/",
  "//\\/",
  "%2f%2f",
  "?",
  "#",
  "//@",
  "//:@",
  "//?@",
  "//#@",
  "//:80@",
];
const withScheme = schemes.flatMap((scheme) => afterScheme.map((after) => `${scheme}:${after}${evil}`));

/** Hosts that begin, end, or only look like the site's. */
const hosts = [
  "site.example",
  "site.example:80",
  "site.example:8081",
  "site.example.:8080",
  "site.example.",
  ".site.example:8080",
  "site.example:8080.evil.example",
  "site.example.evil.example",
  "site.example:8080@evil.example",
  "evil.example#site.example:8080",
  "evil.example?site.example:8080",
  "evil.example\\site.example:8080",
  "evil.example\\@site.example:8080",
  "site.example:8080\\@evil.example",
  "site.example%00.evil.example",
  "site.example:8080%40evil.example",
  "site.example%2eevil.example",
  "site\u00adx.example:8080",
  "notsite.example:8080",
  "s\u0456te.example:8080",
  "xn--ste-jma.example:8080",
  "b\u00fccher.example",
  "xn--bcher-kva.example",
  "evil.example:65536",
  "evil.example:-1",
  "0",
  "127.1",
  "0x7f.1",
  "2130706433",
  "017700000001",
  "[::1]",
  "[::ffff:127.0.0.1]",
  "[::1%25eth0]",
  "localhost",
  "user:pass@evil.example",
  "user@site.example:8080",
  ":@site.example:8080",
  "@site.example:8080",
  "site.example:8080:80",
  "site.example:08080x",
  "%73ite.example:8081",
  ...dots.flatMap((dot) => [`evil${dot}example`, `site${dot}example:8081`, `site.example:8080${dot}evil${dot}example`]),
];
const withHost = hosts.flatMap((host) =>
  ["//", "\\\\", "http://", "https://", "http:\\\\", "hTTp:/\\", " //", "/\t/"].map((start) => start + host),
);

const programs = [
  "javascript:alert(1)",
  "javascript://site.example:8080/%0aalert(1)",
  "\x01javascript:alert(1)",
  "java\nscript:alert(1)",
  " \t javascript:alert(1)",
  "javascript:/*//site.example:8080/*/alert(1)",
  "javascript&colon;alert(1)",
  "javascript%3aalert(1)",
  "data:text/html,<script>alert(1)</script>",
  "data:text/html;base64,PHNjcmlwdD4=",
  "data:,//site.example:8080/",
  `blob:${site}/0000`,
  `filesystem:${site}/temporary/a.html`,
  `view-source:${site}/`,
  "feed:javascript:alert(1)",
  "about:srcdoc",
  "urn:uuid:0",
  "mailto:a@b?subject=x",
  "intent://evil.example#Intent;scheme=http;end",
];

const long = [
  `/${"/".repeat(5000)}${evil}`,
  `/${"\\".repeat(5000)}${evil}`,
  `/${"./".repeat(2000)}/${evil}`,
  `/${"a/../".repeat(1000)}/${evil}`,
  `//${"a.".repeat(2000)}${evil}`,
  `//${"a".repeat(5000)}@${evil}`,
  `${" ".repeat(5000)}//${evil}`,
  `${"\n".repeat(5000)}/${"\t".repeat(1000)}/${evil}`,
  `http:${"/".repeat(5000)}${evil}`,
];

/** Spellings of targets on other sites, and of some on this site that look like them. */
export const spellings: readonly string[] = [
  ...new Set([...networkPaths, ...broken, ...normalised, ...withScheme, ...withHost, ...programs, ...long]),
];
