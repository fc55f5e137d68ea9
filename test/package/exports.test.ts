import { describe, expect, test } from "vitest";
import { entries, exportedNames } from "../support/entries.ts";

/** Everything that users may import. A name that is added or taken away is a decision: it shows here and in the changelog. */
const publicNames: Readonly<Record<string, { readonly values: string; readonly types: string }>> = {
  "@mini/core": { values: "", types: "" },
  "@mini/core/serve": { values: "", types: "" },
  "@mini/core/testing": { values: "", types: "" },
  "@mini/session": { values: "", types: "" },
};

const words = (text: string): readonly string[] => text.split(/\s+/).filter((word) => word !== "");

test("these are all entries", () => {
  expect(entries().map(({ specifier }) => specifier)).toEqual(Object.keys(publicNames));
});

describe.each(entries())("$specifier", ({ specifier, file }) => {
  const expected = publicNames[specifier] ?? { values: "", types: "" };

  test("exports exactly these values", async () => {
    const module = (await import(/* @vite-ignore */ specifier)) as Record<string, unknown>;
    expect(Object.keys(module).toSorted()).toEqual(words(expected.values).toSorted());
  });

  test("exports exactly these types, and in the source what it has at run time", () => {
    const { values, types } = exportedNames(file);
    expect(types).toEqual(words(expected.types).toSorted());
    expect(values).toEqual(words(expected.values).toSorted());
  });

  test("has no default export", () => {
    expect(words(expected.values)).not.toContain("default");
  });
});
