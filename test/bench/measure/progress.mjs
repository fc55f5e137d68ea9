// One line on standard error that says what is measured and about how long the rest takes.

export class Progress {
  #stream;
  #now;
  /** Seconds that the parts which have not begun may take, by their guesses. */
  #ahead = 0;
  #part = { seconds: 0, start: 0 };
  /** What finished parts took, and what was guessed of them. */
  #took = 0;
  #guessed = 0;

  constructor(stream = process.stderr, now = () => performance.now() / 1000) {
    this.#stream = stream;
    this.#now = now;
  }

  /** @param seconds - What all parts may take together. */
  expect(seconds) {
    this.#ahead += seconds;
  }

  /** Begins a part that was expected; the one before it is finished. */
  begin(seconds) {
    this.#finish();
    this.#ahead -= seconds;
    this.#part = { seconds, start: this.#now() };
  }

  /** Writes over the line before it; into a file or a pipe nothing. */
  say(text) {
    if (!this.#stream.isTTY) return;
    const left = this.left();
    const line = left === 0 ? text : `${text}, ${describe(left)} left`;
    this.#stream.write(`\r\u001B[2K${line.slice(0, (this.#stream.columns ?? 80) - 1)}`);
  }

  /** Takes the line away, so that a table can be printed. */
  clear() {
    if (this.#stream.isTTY) this.#stream.write("\r\u001B[2K");
  }

  /** Seconds: the guesses, corrected by how far those of the finished parts were off. */
  left() {
    const factor = this.#guessed === 0 ? 1 : this.#took / this.#guessed;
    const rest = this.#part.seconds * factor - (this.#now() - this.#part.start);
    return Math.max(0, rest) + this.#ahead * factor;
  }

  #finish() {
    if (this.#part.seconds === 0) return;
    this.#guessed += this.#part.seconds;
    this.#took += this.#now() - this.#part.start;
  }
}

function describe(seconds) {
  if (seconds < 90) return `about ${Math.ceil(seconds)} s`;
  return `about ${Math.round(seconds / 60)} min`;
}
