import { Notice } from "@mini/core/base";

/** The message of the channel `mini:session.refused`. The response does not tell the client why its cookie was refused. */
export interface SessionRefusedMessage {
  readonly cookieName: string;
  /**
   * `"malformed"`: not in the format of a signed value. `"forged"`: not signed with a key of this site for this cookie. `"expired"`:
   * too old. `"ended"`: its session has ended.
   */
  readonly reason: "malformed" | "forged" | "expired" | "ended";
}

const refusals = new Notice<SessionRefusedMessage>("mini:session.refused", ({ cookieName, reason }) => ({
  label: `refused ${cookieName}: ${reason}`,
}));

/** Tells subscribers that the value of a cookie was refused. */
export function reportRefused(cookieName: string, reason: SessionRefusedMessage["reason"]): void {
  if (refusals.isObserved) refusals.tell({ cookieName, reason });
}
