/** Runs before each test file: ends what its tests and the modules of test/support have started for it. */
import { afterAll, afterEach } from "vitest";
import { endFile, endTest } from "./per-file.ts";

afterAll(endFile);
afterEach(({ task }) => endTest(task.result?.state === "fail"));
