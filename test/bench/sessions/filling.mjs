// What a session holds besides its count, where it is to be larger.

/** Bytes of each key as JSON, with its value and a comma. */
const perKey = 100;

/** About so many bytes as JSON, in keys of 100 bytes each. */
export function filling(bytes) {
  const entries = Array.from({ length: Math.round(bytes / perKey) }, (_each, i) => {
    const value = { id: 1000 + i, isNew: false, title: "" };
    const used = JSON.stringify({ [`item${i}`]: value }).length - 1;
    return [`item${i}`, { ...value, title: "An article of the shop. ".repeat(4).slice(0, perKey - used) }];
  });
  return Object.fromEntries(entries);
}

const prefix = "/fill/";

/** Where a session is filled with so many bytes, as `/change` counts. */
export const pathOf = (bytes) => prefix + bytes;

/** What the session is to be filled with; undefined for other paths. */
export const fillingOf = (path) => (path.startsWith(prefix) ? filling(Number(path.slice(prefix.length))) : undefined);
