/** `true` when the two types are the same. `any` and `readonly` make a difference. */
export type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles only for `true`: a type test is a list of these. */
export type Expect<T extends true> = T;
