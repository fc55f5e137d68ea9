/** Milliseconds after which an owner's entry without a record is removed. */
export const orphanAge = 3_600_000;
