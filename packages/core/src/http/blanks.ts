/** Part of a text without the blanks around it. An expression for those at its end would take the square of their number. */
export function stripped(text: string, from: number, to: number, isBlank: (code: number) => boolean): string {
  let [start, end] = [from, to];
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}
