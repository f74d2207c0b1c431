/** An entity's name: Presidio's where Presidio has one, `AWS_ACCESS_KEY` and the like for secrets, or a user-defined name. */
export type EntityType = string;

export type Family = "pii" | "secret";

/** One place where something was found. It never carries the value itself, so it may be logged and recorded. */
export interface Finding {
  readonly type: EntityType;
  /** Keys and list indices from the scanned value down to the leaf; empty when the value itself is the leaf. */
  readonly path: readonly (string | number)[];
  /** UTF-16 offsets in the original leaf: half open. For a number they count in its decimal notation. */
  readonly start: number;
  readonly end: number;
  /** 0 to 1: the shape's own score, +0.35 for context, 1 for a checksum that holds. */
  readonly score: number;
  /** Which rule fired, for explanations: `luhn`, `phone-international`, `key:password`…; `in-key/` before it for what stands in an object's key. */
  readonly rule: string;
  /** The text is not what stands at `path` but the last key of `path` itself. */
  readonly inKey?: true;
}

export type Checksum = "luhn" | "mod97" | "verhoeff" | "mod11";

/** An entity a policy's author defines: words that always count, or RE2 patterns, with context and a checksum. */
export interface CustomEntity {
  readonly type: EntityType;
  /** RE2 syntax, at most 16 patterns of 512 characters. */
  readonly patterns?: readonly string[];
  /** Literal words or phrases, found whole and without regard to case. */
  readonly deny?: readonly string[];
  /** A pattern's score without context; default 0.5. Words in `deny` score 1. */
  readonly score?: number;
  /** Words near the match that add 0.35. */
  readonly context?: readonly string[];
  /** Letters and digits of a match must satisfy it; the score is then 1. */
  readonly checksum?: Checksum;
}

export interface DetectOptions {
  readonly family: Family;
  /** Only these; default: every entity of the family that is on by default. */
  readonly entities?: readonly EntityType[];
  /** Default 0.5. */
  readonly minScore?: number;
  readonly perEntityMinScore?: Readonly<Record<EntityType, number>>;
  readonly custom?: readonly CustomEntity[];
  /** Values that never count, compared without regard to case and surrounding space. */
  readonly allow?: readonly string[];
  /** True: published test values (4111 1111 1111 1111, 078-05-1120, …@example.com) do not count. Default false. */
  readonly allowTestValues?: boolean;
  /** True: only addresses that are routed on the internet count as IP_ADDRESS. Default false. */
  readonly publicAddressesOnly?: boolean;
  /** True (default): also look inside percent-encoded and base64 text, within a byte budget. */
  readonly decode?: boolean;
  /** Characters looked at per call before the scan is cut short and says so; default 131072, at most 1048576. */
  readonly maxChars?: number;
}

export interface ScanResult {
  readonly findings: readonly Finding[];
  /** True: a limit was reached and the rest was not looked at. Callers count it as a match. */
  readonly truncated: boolean;
}

/** Frozen and reusable. A scan is synchronous, so one detector may serve every request of a process. */
export interface Detector {
  readonly family: Family;
  /** Whether anything is found; stops at the first finding. `key` is the name the value stands under, if it has one. */
  any(value: unknown, key?: string): boolean | "truncated";
  /** Everything found, in document order. */
  findAll(value: unknown, key?: string): ScanResult;
}
