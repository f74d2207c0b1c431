/** From this length on a key may be a token or encoded text whatever its characters. */
const LONG = 20;
/** Fewer digits are no address and no number of anybody. */
const FEWEST_DIGITS = 4;

function weightOf(char: string): number {
  if ("@:=%\\+".includes(char)) return FEWEST_DIGITS;
  return char >= "0" && char <= "9" ? 1 : 0;
}

const weights: Readonly<Uint8Array> = Uint8Array.from({ length: 128 }, (_, code) =>
  weightOf(String.fromCharCode(code)),
);

/** Whether an object's key may hold what is looked for: nearly all are short names of letters, and this is all that they cost. */
export function mayHold(key: string): boolean {
  const { length } = key;
  if (length >= LONG) return true;
  let weight = 0;
  for (let i = 0; i < length; i++) weight += weights[key.charCodeAt(i)] ?? FEWEST_DIGITS;
  return weight >= FEWEST_DIGITS;
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
