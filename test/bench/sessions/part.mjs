// CPU time per request with sessions: in a signed cookie, in memory and in Redis.
import { endDatabases, startDatabases } from "./databases.mjs";
import { measureScenario, scenarios } from "./scenarios.mjs";

/** The others are measured by `npm run bench:sessions`. */
const here = [undefined, "memory", "Redis"];

export const part = {
  name: "sessions",
  scenarios: Object.keys(scenarios).filter((name) => here.includes(scenarios[name].medium)),
  isPerNode: true,
  async *measure({ wanted, ...plan }) {
    const databases = await startDatabases([...new Set(wanted.map((name) => scenarios[name].medium))]);
    const isThere = (name) => scenarios[name].medium !== "Redis" || databases.has("Redis");
    const missing = wanted.filter((name) => !isThere(name));
    if (missing.length > 0) console.log(`\nLeft out, because this machine has no redis-server: ${missing.join(", ")}.`);
    try {
      for (const name of wanted.filter(isThere)) yield await measureScenario(name, plan);
    } finally {
      await endDatabases(databases);
    }
  },
};
