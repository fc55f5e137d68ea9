import { decoded } from "../http/decoded.ts";
import { ConfigError } from "../http/errors.ts";

/**
 * The path of an application on its site, such as `"/shop"`. With `isStripped`, the program that passes on the requests has removed
 * it from their URLs.
 */
export type BasePathOption = string | { readonly path: string; readonly isStripped?: boolean | undefined };

/** The path below which an application answers. All its URLs begin with it. */
export class BasePath {
  /** The path as in URLs: encoded, without a slash at its end. */
  readonly path: string;
  readonly isStripped: boolean;
  /** Decoded. */
  readonly #segments: readonly string[];

  /** @throws ConfigError for text that cannot be the beginning of every path. */
  constructor(option: BasePathOption) {
    const { path, isStripped = false } = (typeof option === "object" && option !== null ? option : { path: option }) as Readonly<
      Record<string, unknown>
    >;
    const text = typeof path === "string" ? path : "";
    const encoded = URL.canParse(`http://a${text}`) ? new URL(`http://a${text}`).pathname : "";
    const segments = encoded.slice(1).split("/").map(decoded);
    // If the URL parser changes more than the spelling, the text is not a path.
    const isWhole = text.startsWith("/") && segments.join("/") === decoded(text.slice(1));
    // A semicolon would end the path of a cookie.
    const isWrong = (each: string | undefined) => each === undefined || each === "" || each.includes("/") || encoded.includes(";");
    this.#segments = segments.map((each) => each ?? "");
    if (!isWhole || segments.some(isWrong) || typeof isStripped !== "boolean") {
      throw new ConfigError(
        `Cannot use the basePath ${JSON.stringify(option)}: write a path such as "/shop" or { path: "/shop", isStripped: true }, or leave it out at the root.`,
      );
    }
    this.path = encoded;
    this.isStripped = isStripped;
  }

  /** How many characters of a target are the base path, in any spelling of its letters; `undefined`: the target is not below it. */
  lengthIn(pathAndQuery: string): number | undefined {
    const { path } = this;
    if (pathAndQuery.startsWith(path) && isEnd(pathAndQuery, path.length)) return path.length;
    let at = 0;
    for (const segment of this.#segments) {
      const end = pathAndQuery.slice(at + 1).search(/[/?]|$/) + at + 1;
      if (pathAndQuery[at] !== "/" || decoded(pathAndQuery.slice(at + 1, end)) !== segment) return undefined;
      at = end;
    }
    return at;
  }
}

/** Whether a path or a segment of it ends at a position. */
function isEnd(text: string, at: number): boolean {
  return at === text.length || text[at] === "/" || text[at] === "?";
}
