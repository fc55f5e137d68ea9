import assert from "node:assert/strict";
import { bytes, create, keyOf, newRecord, swap, textOf, type BackendBench, type Check } from "./bench.ts";

const key = keyOf("one");

const samples: readonly (readonly [title: string, data: Uint8Array])[] = [
  ["all 256 bytes", Uint8Array.from({ length: 256 }, (_, index) => index)],
  ["no bytes", new Uint8Array()],
  ["64 KB", Uint8Array.from({ length: 65_536 }, (_, index) => (index * 31 + (index >> 8)) & 255)],
  ["bytes that are not text", Uint8Array.of(0xff, 0xfe, 0xc0, 0x80, 0, 0xed, 0xa0, 0x80)],
];

async function assertData({ backend }: BackendBench, data: Uint8Array): Promise<void> {
  const found = (await backend.read(key))?.data;
  assert.ok(found instanceof Uint8Array, "the data is a Uint8Array");
  assert.equal(Buffer.from(found).toString("hex"), Buffer.from(data).toString("hex"));
}

/** The data is opaque, and the backend does not share its bytes. */
export const dataChecks: readonly Check[] = [
  ...samples.map<Check>(([title, data]) => [
    `comes back unchanged, by create and by swap: ${title}`,
    async (bench) => {
      const version = await create(bench, key, { ...newRecord(bench, ""), data });
      await assertData(bench, data);
      await swap(bench, key, await swap(bench, key, version, newRecord(bench, "between")), { ...newRecord(bench, ""), data });
      await assertData(bench, data);
    },
  ]),
  [
    "only the bytes of a view into a larger array are kept",
    async (bench) => {
      const data = bytes("before-inside-after").subarray(7, 13);
      const version = await create(bench, key, { ...newRecord(bench, ""), data });
      await assertData(bench, bytes("inside"));
      await swap(bench, key, version, { ...newRecord(bench, ""), data: data.subarray(2) });
      await assertData(bench, bytes("side"));
    },
  ],
  [
    "changing an array that was passed in does not change the record",
    async (bench) => {
      const record = newRecord(bench, "first");
      const version = await create(bench, key, record);
      record.data.fill(0);
      await assertData(bench, bytes("first"));
      const next = newRecord(bench, "second");
      await swap(bench, key, version, next);
      next.data.fill(0);
      await assertData(bench, bytes("second"));
    },
  ],
  [
    "changing an array that was read changes neither the record nor what another caller has read",
    async (bench) => {
      const { backend } = bench;
      await create(bench, key, newRecord(bench, "first"));
      const [one, two] = [await backend.read(key), await backend.read(key)];
      one?.data.fill(0);
      assert.equal(textOf(two?.data), "first");
      await assertData(bench, bytes("first"));
      const lost = await backend.swap(key, "no such version", newRecord(bench, "second"));
      if (!lost.ok) lost.current?.data.fill(0);
      await assertData(bench, bytes("first"));
    },
  ],
];
