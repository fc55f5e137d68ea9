import { BaseSequencer, type TestSpecification } from "vitest/node";

/** The files that take longest, the longest first. If one of them began last, all other processors would wait for it. */
const longest = [
  "package/types-anywhere",
  "package/checks",
  "session/proxied-cache",
  "soak/soak",
  "examples/cluster",
  "package/new",
  "session/proxied",
  "package/repo",
  "session/schedules",
  "session/backends/counting",
  "session/commit",
  "session/regenerate",
  "session/postgres-outages",
  "examples/login",
  "browser/docs-site",
  "package/build",
  "browser/login",
  "browser/notes",
  "session/backends/redis-cluster",
  "session/backends/redis-sentinel",
  "session/lmdb-outages",
  "session/writers",
  "examples/",
  "browser/",
  "package/",
  "core/matcher",
  "core/router-round-trip",
  "core/limits",
  "core/router-differential",
  "fuzz/",
];

/** The position of a file in that order. */
function placeOf({ moduleId }: TestSpecification): number {
  const place = longest.findIndex((part) => moduleId.includes(`/test/${part}`));
  return place === -1 ? longest.length : place;
}

/** Begins with the files that take longest, even if the runner has no times of earlier runs. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((one, other) => placeOf(one) - placeOf(other));
  }
}
