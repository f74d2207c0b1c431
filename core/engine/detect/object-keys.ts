import { isDigit, isIn, charSet } from "./chars.ts";

/** From this length on a key may be a token or encoded text whatever its characters. */
const LONG = 20;
/** Fewer digits are no address and no number of anybody. */
const FEWEST_DIGITS = 4;
const signs = charSet("@:=%\\+");

/** Whether an object's key may hold what is looked for: nearly all are short names of letters, and this is all that they cost. */
export function mayHold(key: string): boolean {
  if (key.length >= LONG) return true;
  let digits = 0;
  for (let i = 0; i < key.length; i++) {
    const code = key.charCodeAt(i);
    if (code > 127 || isIn(code, signs)) return true;
    if (isDigit(code) && ++digits >= FEWEST_DIGITS) return true;
  }
  return false;
}

/** Gives keys that became equal numbers: `<EMAIL_ADDRESS>`, `<EMAIL_ADDRESS>_2`. `kept` are the object's other keys, which stay as they are. */
export class KeyNames {
  readonly #taken: Set<string>;
  readonly #next = new Map<string, number>();

  constructor(kept: Iterable<string>) {
    this.#taken = new Set(kept);
  }

  free(wanted: string): string {
    let name = wanted;
    let number = this.#next.get(wanted) ?? 2;
    while (this.#taken.has(name)) name = `${wanted}_${number++}`;
    this.#next.set(wanted, number);
    this.#taken.add(name);
    return name;
  }
}
