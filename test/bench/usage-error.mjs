/** A command line that can not be followed; its message says what to change. */
export class UsageError extends Error {}
