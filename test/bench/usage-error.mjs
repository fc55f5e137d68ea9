/** A command line that cannot be followed; its message says what to change. */
export class UsageError extends Error {}
