/**
 * What lasts as long as the tests of one file. Test files share processes, and a process loads a module of test/support only once:
 * a hook that is called when such a module is loaded belongs to the first file that loads it, so modules use these functions.
 */

const afterFile: (() => unknown)[] = [];
const afterTests: ((failed: boolean) => unknown)[] = [];

/** A set of what the tests of a file have started, at any time. After the tests of the file, each is ended, and the set is empty again. */
export function endedAfterFile<Started>(end: (started: Started) => unknown): Set<Started> {
  const all = new Set<Started>();
  afterFile.push(async () => {
    const ending = [...all];
    all.clear();
    await Promise.all(ending.map((one) => end(one)));
  });
  return all;
}

/** Makes something when a file asks for it for the first time. The next file gets its own. */
export function oncePerFile<Made>(make: () => Made): () => Made {
  let made: { readonly value: Made } | undefined;
  afterFile.push(() => void (made = undefined));
  return () => (made ??= { value: make() }).value;
}

/** Calls a function after each test of every file, from the moment when the module is loaded. */
export function afterEachTest(callback: (failed: boolean) => unknown): void {
  afterTests.push(callback);
}

/** Called by the setup of each file after each of its tests. */
export async function endTest(failed: boolean): Promise<void> {
  for (const callback of afterTests) await callback(failed);
}

/** Called by the setup of each file when all its tests are done. */
export async function endFile(): Promise<void> {
  const errors: unknown[] = [];
  for (const end of afterFile.toReversed()) {
    try {
      await end();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw new AggregateError(errors, "Something that the tests of the file had started could not be ended.");
}
