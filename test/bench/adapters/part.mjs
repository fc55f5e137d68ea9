// CPU time per request with sessions, ours and others in the same framework.
import { endDatabases, startDatabases } from "../sessions/databases.mjs";
import { measureScenario, scenarios } from "./scenarios.mjs";

const needsRedis = (name) => scenarios[name].medium === "Redis";

export const part = {
  name: "adapters",
  scenarios: Object.keys(scenarios),
  isPerNode: true,
  async *measure({ wanted, ...plan }) {
    const databases = await startDatabases(wanted.some(needsRedis) ? ["Redis"] : []);
    const isThere = (name) => !needsRedis(name) || databases.has("Redis");
    const missing = wanted.filter((name) => !isThere(name));
    if (missing.length > 0) console.log(`\nLeft out, because this machine has no redis-server: ${missing.join(", ")}.`);
    try {
      for (const name of wanted.filter(isThere)) yield await measureScenario(name, plan);
    } finally {
      await endDatabases(databases);
    }
  },
};
