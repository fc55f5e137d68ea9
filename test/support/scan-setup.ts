/**
 * Runs before each test file: scans every response of an application, and fails the test during which a response broke a rule. So
 * each rule is tested for all responses, and not only for those of a single test.
 */
import { afterAll, afterEach } from "vitest";
import { takeProblems } from "./response-scan.ts";
import "./scan-apps.ts";

function report(): void {
  const problems = takeProblems();
  if (problems.length > 0) throw new Error(`Responses broke rules that hold for all of them:\n${problems.join("\n")}`);
}

afterEach(report);
afterAll(report);
