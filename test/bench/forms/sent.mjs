// The forms that clients send, as browsers write them.

const fields = [
  ["name", "Ada Lovelace"],
  ["email", "ada@example.org"],
  ["street", "12 St. James's Square"],
  ["zip", "10115"],
  ["city", "Köln"],
  ["country", "de"],
  ["amount", "3"],
  ["gift", "on"],
  ["topics", "mathematics"],
  ["topics", "poetry"],
  ["note", "Leave it with the neighbours & ring twice: 50% of the time nobody is at home."],
];

export const urlencoded = {
  headers: { "content-type": "application/x-www-form-urlencoded" },
  body: new URLSearchParams(fields).toString(),
};

/** What a server says of it. */
export const orderAnswer = { name: "Ada Lovelace", city: "Köln", amount: 3, topics: ["mathematics", "poetry"], note: 77 };

/** Bytes like those of a compressed picture, the same in every process. */
export const photo = Buffer.alloc(100 * 1024);
for (let i = 0, state = 1; i < photo.length; i++) {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  photo[i] = state >>> 24;
}

const boundary = "----WebKitFormBoundarye7MA4YWxkTrZu0gW";

const head = (...lines) => `--${boundary}\r\n${lines.join("\r\n")}\r\n\r\n`;
const fieldPart = (name, value) => `${head(`Content-Disposition: form-data; name="${name}"`)}${value}\r\n`;
const fileHead = head('Content-Disposition: form-data; name="photo"; filename="Köln at night.jpg"', "Content-Type: image/jpeg");

export const multipart = {
  headers: { "content-type": `multipart/form-data; boundary=${boundary}` },
  body: Buffer.concat([
    Buffer.from(fieldPart("title", "Köln at night") + fieldPart("album", "7") + fieldPart("public", "on") + fileHead),
    photo,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]),
};

/** A sum of some of a file's bytes, to see that they are there. */
export function sumOf(bytes) {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 1000) sum += bytes[i];
  return sum;
}

/** What a server says of it. */
export const pictureAnswer = {
  title: "Köln at night",
  album: 7,
  photo: { name: "Köln at night.jpg", type: "image/jpeg", size: photo.length, sum: sumOf(photo) },
};
