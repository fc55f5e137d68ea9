// Answers are looked at before anything is measured, so that nobody is measured on errors or on less work.
import { isDeepStrictEqual } from "node:util";

const normal = (type) => type.toLowerCase().replaceAll(" ", "");

/**
 * @param wanted - `type` (a content type; without a charset any will do) and `body`, a text or for JSON the value.
 * @throws Error for an answer of another status, type or body.
 */
export function verify(name, { status, type, body }, wanted) {
  const found = wanted.type.includes("charset") ? normal(type) : normal(type).split(";")[0];
  const isText = typeof wanted.body === "string";
  const isAsWanted = () => (isText ? body === wanted.body : isDeepStrictEqual(JSON.parse(body), wanted.body));
  if (status === 200 && found === normal(wanted.type) && isAsWanted()) return;
  const text = isText ? wanted.body : JSON.stringify(wanted.body);
  throw new Error(`${name} answers ${status} ${type} ${shortened(body)}, and not 200 ${wanted.type} ${shortened(text)}`);
}

const shortened = (text) => (text.length < 100 ? text : `${text.slice(0, 100)} ... (${text.length} characters)`);
