import fc from "fast-check";
import { stringify, type Token } from "path-to-regexp";

const text = fc.stringMatching(/^[a-c/.\-é% ]{1,4}$/);
const name = fc.constantFrom("a", "b", "c", "d", "e", "__proto__", "a b", "ü");

function tokensOf(depth: number): fc.Arbitrary<Token[]> {
  const flat: fc.Arbitrary<Token>[] = [
    text.map((value) => ({ type: "text", value })),
    text.map((value) => ({ type: "text", value: `/${value}` })),
    fc.constant({ type: "text", value: "/" }),
    name.map((each) => ({ type: "param", name: each })),
    name.map((each) => ({ type: "wildcard", name: each })),
  ];
  const group = tokensOf.bind(undefined, depth - 1);
  const token =
    depth === 0
      ? fc.oneof(...flat)
      : fc.oneof(
          ...flat,
          ...flat,
          fc
            .constant(0)
            .chain(group)
            .map((tokens): Token => ({ type: "group", tokens })),
        );
  return fc.array(token, { minLength: 1, maxLength: 5 });
}

/** Patterns of the whole grammar: escaped text, names in quotes, groups in groups, wildcards anywhere. */
export const pattern = tokensOf(2).map((tokens) => stringify({ tokens: [{ type: "text", value: "/" }, ...tokens] }));
