/** Nobody sees the difference; a system call for each decision would cost as much as deciding. */
const FLUSH_MS = 20;
/** Characters that are written at once without waiting. */
const FULL = 65_536;

/** Lines for the console, gathered for a moment: under load one system call carries many decisions. */
export class LineBuffer {
  readonly #out: (text: string) => void;
  #text = "";
  #timer: NodeJS.Timeout | undefined;

  constructor(out: (text: string) => void) {
    this.#out = out;
  }

  write(line: string): void {
    this.#text += line;
    if (this.#text.length >= FULL) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS);
  }

  /** Writes what is left; to be called at the end. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = this.#text;
    this.#text = "";
    if (text !== "") this.#out(text);
  }
}
