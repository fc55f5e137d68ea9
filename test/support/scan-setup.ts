/**
 * Before each file of tests: looks at every response that an application gives, and fails the test during which one broke a
 * rule. Here, because a rule that one test holds for one response should hold for all of them.
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
