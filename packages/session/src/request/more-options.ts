import { ConfigError } from "@mini/core/base";
import { quoted } from "../record/contents.ts";
import { mergeOverrides, sameOverrides, type Overrides } from "../record/saved-session.ts";
import { withOptions } from "../settings/session-options.ts";
import type { SessionSettings } from "../settings/settings.ts";
import { SessionCommittedError } from "./head.ts";
import type { SharedSessions } from "./shared-sessions.ts";

/**
 * Adds options to those of a session that is in use.
 *
 * @param isCommitted - Whether the session was committed. Then only the options that it has already are accepted.
 * @throws ConfigError for another backend than that of the session; SessionCommittedError.
 */
export function addOptions(
  { settings, keepers }: SharedSessions,
  name: string,
  used: { settings: SessionSettings },
  options: object,
  isCommitted = false,
): void {
  const changed = withOptions(settings, name, used.settings, options);
  if (keepers.get(changed.backend) !== keepers.get(used.settings.backend)) {
    throw new ConfigError(
      `Cannot move the session ${quoted(name)} to another backend: name the backend where the request first uses the session.`,
    );
  }
  if (isCommitted && !sameOverrides(chosen(changed), chosen(used.settings))) {
    throw new SessionCommittedError(`change the options of the session ${quoted(name)}`);
  }
  used.settings = changed;
}

/** The options that a session has by this request and by earlier ones. */
function chosen({ savedOverrides, overrides }: SessionSettings): Overrides | undefined {
  return mergeOverrides(savedOverrides, overrides);
}
