/** Lines for the console, written once a turn of the event loop: under load one system call carries many decisions. */
export class LineBuffer {
  readonly #out: (text: string) => void;
  #text = "";
  #turn: NodeJS.Immediate | undefined;

  constructor(out: (text: string) => void) {
    this.#out = out;
  }

  write(line: string): void {
    this.#text += line;
    this.#turn ??= setImmediate(() => this.flush());
  }

  /** Writes what is left; to be called at the end. */
  flush(): void {
    clearImmediate(this.#turn);
    this.#turn = undefined;
    const text = this.#text;
    this.#text = "";
    if (text !== "") this.#out(text);
  }
}
