import { readFileSync, realpathSync } from "node:fs";
import { relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { oneLine } from "../context/error-text.ts";

/** A call that led to an error, with its source if that is code of the project. */
export interface ShownCall {
  /** As in the stack: `at User.get (/site/handlers.ts:5:11)`. */
  readonly text: string;
  readonly lines: readonly SourceLine[] | undefined;
}

export interface SourceLine {
  readonly number: number;
  readonly text: string;
  /** Whether the call is in this line. */
  readonly isCall: boolean;
}

/** The number of source lines that are shown before and after a call. */
const contextLines = 5;

/** The file and the line in a line of a stack. */
const framePlace = /(?:\(|at (?:async )?)((?:file:\/\/)?\/[^()]*|(?:file:\/\/\/)?[A-Z]:[\\/][^()]*):(\d+):\d+\)?$/;

/**
 * A call and its source.
 *
 * @param frame - A line of a stack.
 */
export function shownCall(frame: string): ShownCall {
  const [, file = "", line = ""] = framePlace.exec(frame) ?? [];
  return { text: oneLine(frame.trim()), lines: sourceOf(file, Number(line)) };
}

/** The lines around a call. `undefined` for a file that is not code of the project. */
function sourceOf(file: string, line: number): readonly SourceLine[] | undefined {
  if (!/\.[cm]?[jt]sx?$/.test(file)) return undefined;
  try {
    const path = realpathSync(file.startsWith("file:") ? fileURLToPath(file) : file);
    const inside = relative(realpathSync(process.cwd()), path);
    if (inside.split(sep).some((part) => part === ".." || part === "node_modules") || path === inside) return undefined;
    const lines = readFileSync(path, "utf8").split("\n");
    if (line < 1 || line > lines.length) return undefined;
    const first = Math.max(0, line - 1 - contextLines);
    return lines
      .slice(first, line + contextLines)
      .map((text, i) => ({ number: first + i + 1, text: text.slice(0, 500), isCall: first + i + 1 === line }));
  } catch {
    // The source is gone or cannot be read.
    return undefined;
  }
}
