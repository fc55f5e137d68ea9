/** Text without its percent-encoding; `undefined` if that is malformed. */
export function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    // decodeURIComponent() throws only URIError.
    return undefined;
  }
}
