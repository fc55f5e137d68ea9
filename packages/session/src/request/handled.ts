/**
 * A promise that may be left alone: when it rejects and nobody has waited for it, the process goes on. Its failure is
 * known elsewhere too; whoever waits gets it as ever.
 */
export function handled<Result>(promise: Promise<Result>): Promise<Result> {
  promise.catch(ignore);
  return promise;
}

function ignore(): void {}
