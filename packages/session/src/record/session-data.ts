/**
 * The keys of the application's sessions and the types of their values; empty until an application augments it.
 * A key that is not declared reads as `unknown`.
 */
export interface SessionData {}

/** The type of a key's value: the declared one, else `unknown`. */
export type SessionValue<Data extends object, Key extends string> = Key extends keyof Data ? Data[Key] : unknown;

/** Values by key, each of the type its key has. */
export type SessionValues<Data extends object, Values> = Values & { readonly [Key in keyof Values]: SessionValue<Data, Key & string> };
