/**
 * The one grammar of hosts: a name or an IPv4 address, or an IPv6 address in brackets, and a port. RFC 3986 §3.2.2 and §3.2.3 as
 * far as a URL of http has them. Underscores are accepted too: DNS host names do not allow them, but some hosts have them.
 */
const label = /^[\w-]+$/;
const name = /^[\w-]+(?:\.[\w-]+)*\.?$/;
const host = /^(?:[\w-]+(?:\.[\w-]+)*\.?|\[[\da-f:.]+\])(?::\d{1,5})?$/i;

/** Whether text can stand between two dots of a host name. */
export function isHostLabel(text: string): boolean {
  return label.test(text);
}

/** Whether text is a host name or an IPv4 address, without a port. */
export function isHostName(text: string): boolean {
  return name.test(text);
}

/** Whether text is a host, with or without a port. */
export function isHost(text: string): boolean {
  return host.test(text);
}

/** The host without its port. */
export function withoutPort(text: string): string {
  return text.replace(/:\d*$/, "");
}

/** The port of a host with its colon; empty for none. */
export function portOf(text: string): string {
  return /:\d+$/.exec(text)?.[0] ?? "";
}

/** Whether a host is in a list of trusted ones: with its port, or without, which trusts all of its ports. */
export function hasTrustedHost(trusted: ReadonlySet<string>, text: string): boolean {
  return trusted.has(text) || trusted.has(withoutPort(text));
}
