import { ConfigError } from "@mini/core";

/** The settings of the site, from environment variables. */
export interface Settings {
  /** Signs the cookies of sessions. From SECRET_KEY. */
  readonly secretKey: string;
  /** From PORT; 0 for any free port. */
  readonly port: number;
  /** From HOST. */
  readonly hostname: string;
  /** Addresses of proxies that may report the address of the visitor. From TRUST_PROXY. */
  readonly trustProxy?: readonly string[] | undefined;
  /** Hosts that the site serves; left out, all. From TRUSTED_HOSTS. */
  readonly trustedHosts?: readonly string[] | undefined;
  /** Whether errors show their source. Not with NODE_ENV=production. */
  readonly debug: boolean;
}

/**
 * Reads the settings; an empty variable counts as missing.
 *
 * @throws ConfigError for a missing SECRET_KEY or an invalid PORT.
 */
export function readSettings(environment: NodeJS.ProcessEnv = process.env): Settings {
  const { SECRET_KEY, PORT, HOST, TRUST_PROXY, TRUSTED_HOSTS, NODE_ENV } = environment;
  if (!SECRET_KEY) {
    throw new ConfigError(
      "SECRET_KEY is not set: put it into .env or the environment. Make one with: node -p \"crypto.randomBytes(32).toString('base64url')\"",
    );
  }
  const port = PORT || "8080";
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new ConfigError(`PORT must be a whole number from 0 to 65535, and is ${JSON.stringify(port)}.`);
  }
  return {
    secretKey: SECRET_KEY,
    port: Number(port),
    hostname: HOST || "127.0.0.1",
    trustProxy: list(TRUST_PROXY),
    trustedHosts: list(TRUSTED_HOSTS),
    debug: NODE_ENV !== "production",
  };
}

/** `"a, b"` as `["a", "b"]`. */
function list(text = ""): readonly string[] | undefined {
  const items = text.split(",").map((item) => item.trim());
  return items.some((item) => item !== "") ? items.filter((item) => item !== "") : undefined;
}
