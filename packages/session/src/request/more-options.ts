import { ConfigError } from "@mini/core/base";
import { quoted } from "../record/contents.ts";
import { withOptions } from "../settings/session-options.ts";
import type { SessionSettings } from "../settings/settings.ts";
import type { SharedSessions } from "./shared-sessions.ts";

/** Adds options to those of a session that is in use. @throws ConfigError for another backend than that of the session. */
export function addOptions(
  { settings, keepers }: SharedSessions,
  name: string,
  used: { settings: SessionSettings },
  options: object,
): void {
  const changed = withOptions(settings, name, used.settings, options);
  if (keepers.get(changed.backend) !== keepers.get(used.settings.backend)) {
    throw new ConfigError(
      `Cannot move the session ${quoted(name)} to another backend: this request uses it already. Name the backend where the request first uses the session.`,
    );
  }
  used.settings = changed;
}
