import type { RedisDriver } from "./driver.ts";

/** The number of keys that a server looks at for one reply. */
const pageSize = 100;

/**
 * The keys that begin with a prefix, without the prefix, page by page from each primary. While keys are created and expire, a key
 * may come twice.
 */
export async function* scanKeys(driver: RedisDriver, prefix: string): AsyncGenerator<readonly string[]> {
  const whole = driver.keyPrefix + prefix;
  const pattern = `${whole.replaceAll(/[\\*?[\]^-]/g, String.raw`\$&`)}*`;
  for await (const primary of driver.primaries()) {
    let cursor = "0";
    do {
      const reply = await primary.scan(cursor, pattern, pageSize);
      cursor = String(reply.cursor);
      yield reply.keys.map((key) => String(key).slice(whole.length));
    } while (cursor !== "0");
  }
}
