import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { SessionRefusedMessage } from "@mini/session";
import type { SignedCookie } from "../../packages/session/src/signing/sent-cookies.ts";
import type { Signer } from "../../packages/session/src/signing/signing.ts";

type Unsigned =
  | ({ readonly ok: true } & Omit<SignedCookie, "name">)
  | { readonly ok: false; readonly reason: SessionRefusedMessage["reason"] | undefined };

/** What a signer makes of one value that a client sent under a name; if it refuses it, the reason that it reports. */
export function unsign(signer: Signer, name: string, value: string, maxAge?: number): Unsigned {
  let reason: SessionRefusedMessage["reason"] | undefined;
  const listen = (message: unknown) => void (reason = (message as SessionRefusedMessage).reason);
  subscribe("mini:session.refused", listen);
  try {
    const found = signer.unsignNewest(name, { valuesOf: (asked) => (asked === name ? [value] : []) }, maxAge);
    if (found === undefined) return { ok: false, reason };
    const { name: _name, ...rest } = found;
    return { ok: true, ...rest };
  } finally {
    unsubscribe("mini:session.refused", listen);
  }
}
