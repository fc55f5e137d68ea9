// Checks what a release needs before anything is published, and says what to change: both packages have the same version, the
// changelog has it, @mini/session accepts that version of @mini/core, and package.json names the repository of the workflow, as
// provenance requires.
//
//   node .ci/release.mjs
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const read = (path) => readFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), "utf8");
const [core, session] = ["core", "session"].map((name) => JSON.parse(read(`packages/${name}/package.json`)));
const { version } = core;
const [major, minor] = version.split(".");
const range = major === "0" ? `^0.${minor}.0` : `^${major}.0.0`;
const repository = process.env.GITHUB_REPOSITORY;

const problems = [
  session.version === version || `@mini/session has version ${session.version}, and @mini/core ${version}: give both the same.`,
  read("CHANGELOG.md").includes(`\n## ${version}`) || `CHANGELOG.md has no heading "## ${version}": rename "Unreleased".`,
  session.peerDependencies["@mini/core"] === range || `@mini/session must have the peer dependency @mini/core ${range}.`,
  ...[core, session].map(
    ({ name, repository: { url } }) =>
      repository === undefined ||
      url === `git+https://github.com/${repository}.git` ||
      `${name} names the repository ${url}, and this is ${repository}: change repository, homepage and bugs in its package.json.`,
  ),
].filter((problem) => problem !== true);

for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
else console.log(`${version} is ready to be published.`);
