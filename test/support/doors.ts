import { adapterDoors } from "./adapter-doors.ts";
import type { Medium } from "./media.ts";
import type { DoorMedium } from "./session-app.ts";

/** Each place twice: with an `App` and `SessionMiddleware`, and without. Memory also for each adapter. */
export function throughEachDoor(media: readonly Medium[]): readonly DoorMedium[] {
  return [
    ...media.flatMap((medium) => [medium, { ...medium, name: `${medium.name}, without an App`, withoutApp: true }]),
    ...throughAdapters(media.filter(({ name }) => name === "memory")),
  ];
}

/** As `throughEachDoor`, and servers for each adapter too: for the tests of races, where the connection matters. */
export function throughEachRace(media: readonly Medium[]): readonly DoorMedium[] {
  return [...throughEachDoor(media), ...throughAdapters(media.filter(({ name }) => name === "Redis" || name === "Postgres"))];
}

/** Each place for each adapter. */
function throughAdapters(media: readonly Medium[]): readonly DoorMedium[] {
  return media.flatMap((medium) =>
    adapterDoors.map((adapter) => ({ ...medium, name: `${medium.name}, in ${adapter.name}`, withoutApp: true, adapter })),
  );
}
