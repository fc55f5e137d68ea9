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

/** Each place for each adapter. */
export function throughAdapters(media: readonly Medium[]): readonly DoorMedium[] {
  return media.flatMap((medium) =>
    adapterDoors.map((adapter) => ({ ...medium, name: `${medium.name}, in ${adapter.name}`, withoutApp: true, adapter })),
  );
}
