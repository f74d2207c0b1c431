import type { JsonObject, JsonValue } from "#api";

/** Bytes of UTF-8 one string may take in a display copy, and the whole copy as JSON. */
export const MAX_STRING_BYTES = 4 * 1024;
export const MAX_DISPLAY_BYTES = 32 * 1024;

/** Masks a whole tree: a copy of the same shape in which what was found is replaced. */
export type Mask = (args: JsonObject) => JsonObject;

export interface DisplayOptions {
  readonly show: "masked" | "full" | "none";
  readonly maskSecrets: Mask;
  readonly maskPersonal: Mask;
}

/** Arguments as approvers see them: secrets always masked, personal data unless `full`, nothing with `none`; cut after masking, never before. */
export function displayArgs(args: JsonObject, { show, maskSecrets, maskPersonal }: DisplayOptions): JsonObject {
  if (show === "none") return {};
  const withoutSecrets = maskSecrets(args);
  return clipDisplay(show === "full" ? withoutSecrets : maskPersonal(withoutSecrets));
}

/** From generous to strict: a copy that is too large is cut again with the next, so that a long text does not push other arguments out of sight. */
const steps = [
  { string: MAX_STRING_BYTES, items: Infinity },
  { string: 1024, items: 256 },
  { string: 256, items: 64 },
  { string: 64, items: 16 },
] as const;

/** Levels that are shown; deeper values are named only. */
const MAX_LEVELS = 24;

/** A copy within 4 KiB a string and 32 KiB in all. Every cut says so in the place where it was made. A copy of the copy is the same. */
export function clipDisplay(args: JsonObject): JsonObject {
  for (const step of steps) {
    const copy = new Copy(step.string, step.items, Infinity).object(args, 0);
    if (jsonBytes(copy) <= MAX_DISPLAY_BYTES) return copy;
  }
  const copy = new Copy(64, 16, MAX_DISPLAY_BYTES / 2).object(args, 0);
  return jsonBytes(copy) <= MAX_DISPLAY_BYTES ? copy : { "…": "too large to be shown" };
}

class Copy {
  readonly #string: number;
  readonly #items: number;
  #left: number;

  constructor(string: number, items: number, budget: number) {
    this.#string = string;
    this.#items = items;
    this.#left = budget;
  }

  object(value: JsonObject, level: number): JsonObject {
    const copy: JsonObject = {};
    const keys = Object.keys(value);
    let shown = 0;
    for (const key of keys) {
      if (shown === this.#items || this.#left <= 0) break;
      shown++;
      const name = this.#text(key);
      this.#left -= name.length + 4;
      put(copy, name, this.#value(value[key] ?? null, level + 1));
    }
    if (shown < keys.length) put(copy, "…", `${keys.length - shown} more not shown`);
    return copy;
  }

  #value(value: JsonValue, level: number): JsonValue {
    if (typeof value === "string") return this.#spend(this.#text(value));
    if (value === null || typeof value !== "object") return this.#spend(value);
    if (level >= MAX_LEVELS) return this.#spend("… nested too deeply to be shown");
    return Array.isArray(value) ? this.#list(value, level) : this.object(value, level);
  }

  #list(value: readonly JsonValue[], level: number): JsonValue[] {
    const copy: JsonValue[] = [];
    for (const item of value) {
      if (copy.length === this.#items || this.#left <= 0) break;
      copy.push(this.#value(item, level + 1));
    }
    if (copy.length < value.length) copy.push(`… ${value.length - copy.length} more not shown`);
    return copy;
  }

  #spend<T extends JsonValue>(value: T): T {
    this.#left -= jsonBytes(value) + 1;
    return value;
  }

  /** Cut between characters, with the full length behind it. */
  #text(text: string): string {
    if (text.length * 3 <= this.#string) return text;
    const bytes = Buffer.byteLength(text);
    if (bytes <= this.#string) return text;
    const mark = `… (${bytes} bytes)`;
    const room = this.#string - Buffer.byteLength(mark);
    return Buffer.from(text.slice(0, room)).subarray(0, room).toString("utf8").replace(/�+$/, "") + mark;
  }
}

/** Own property, also for `__proto__`. Two long keys that are cut to the same text both stay visible. */
function put(target: JsonObject, key: string, value: JsonValue): void {
  let name = key;
  for (let n = 2; Object.hasOwn(target, name); n++) name = `${key} (${n})`;
  Object.defineProperty(target, name, { value, enumerable: true, writable: true, configurable: true });
}

function jsonBytes(value: JsonValue): number {
  return Buffer.byteLength(JSON.stringify(value));
}
