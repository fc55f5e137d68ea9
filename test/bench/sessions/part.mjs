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
    const media = [...new Set(wanted.map((name) => scenarios[name].medium))];
    const databases = await startDatabases(media);
    try {
      for (const name of wanted) {
        if (scenarios[name].medium === "Redis" && !databases.has("Redis"))
          console.log(`\nLeft out: ${name}, because there is no redis-server.`);
        else yield await measureScenario(name, plan);
      }
    } finally {
      await endDatabases(databases);
    }
  },
};
