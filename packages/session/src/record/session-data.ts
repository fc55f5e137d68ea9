/**
 * The keys of the application's sessions and the types of their values. It is empty until an application augments it. The value
 * of a key that is not declared is `unknown`.
 */
export interface SessionData {}

/** The declared type of a key's value, or `unknown`. */
export type SessionValue<Data extends object, Key extends string> = Key extends keyof Data ? Data[Key] : unknown;

/** Values by key, each of the type of its key. */
export type SessionValues<Data extends object, Values> = Values & { readonly [Key in keyof Values]: SessionValue<Data, Key & string> };
