import { ConfigError } from "@mini/core";
import { RedisBackend } from "@mini/session/redis";
import { createClient } from "redis";
import type { OpenBackend } from "../backends.ts";

/** Every process has its own connection. */
export async function openRedis(url: string): Promise<OpenBackend> {
  const client = connectable(url);
  await client.connect().catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`Cannot reach a Redis at ${new URL(url).host}: ${why || "no answer"}. Name another one in REDIS_URL.`, {
      cause: error,
    });
  });
  const backend = new RedisBackend({ client });
  return {
    place: "Redis",
    backend,
    async close() {
      await backend.close();
      await client.close();
    },
  };
}

function connectable(url: string) {
  let wasConnected = false;
  const reconnectStrategy = (retries: number, cause: Error) => (wasConnected ? Math.min(50 * retries, 1000) : cause);
  try {
    const client = createClient({
      url,
      disableOfflineQueue: true,
      commandsQueueMaxLength: 1000,
      pingInterval: 1000,
      socket: { connectTimeout: 2000, socketTimeout: 5000, reconnectStrategy },
    });
    client.on("ready", () => void (wasConnected = true));
    client.on("error", (error: Error) => wasConnected && console.error(`Redis: ${error.message}`));
    return client;
  } catch (error) {
    // Its message would show the URL, and the password in it.
    throw new ConfigError("REDIS_URL must be a URL such as redis://127.0.0.1:6379.", { cause: error });
  }
}
