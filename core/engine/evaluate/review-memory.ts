import type { Detection } from "../content/detection.ts";
import { numberTable, type NumberTable, type ScanResult } from "../detect/index.ts";

interface Scan {
  any: boolean | "truncated";
  all: ScanResult | undefined;
}

const nothing: ScanResult = Object.freeze({ findings: Object.freeze([]), truncated: false });

/**
 * What one review remembers over both halves of its evaluation and over every pass: the results of costly scans by value, and the numbers given to
 * redacted values. Arguments are never changed in place, so a value is the same as long as it is the same object, or equal text.
 */
export class ReviewMemory {
  #results: Map<object, Map<unknown, unknown>> | undefined;
  #scans: Map<Detection, Map<unknown, Scan>> | undefined;
  #numbers: NumberTable | undefined;

  /** Runs a costly test at most once per tester and value. */
  once<T>(tester: object, value: unknown, test: () => T): T {
    this.#results ??= new Map();
    const results = inner(this.#results, tester);
    if (results.has(value)) return results.get(value) as T;
    const result = test();
    results.set(value, result);
    return result;
  }

  /** Whether the detector finds anything: scans at most once. */
  any(detection: Detection, value: unknown): boolean | "truncated" {
    const known = this.known(detection, value);
    if (known !== undefined) return known.any;
    const any = detection.detector.any(value, detection.key);
    this.#keep(detection, value, { any, all: any === false ? nothing : undefined });
    return any;
  }

  /** Everything the detector finds: scans at most once, and not at all where `any` found nothing. */
  all(detection: Detection, value: unknown): ScanResult {
    const known = this.known(detection, value);
    if (known?.all !== undefined) return known.all;
    const all = detection.detector.findAll(value, detection.key);
    const any = all.findings.length > 0 || (all.truncated ? "truncated" : false);
    this.#keep(detection, value, { any, all });
    return all;
  }

  /** What an earlier scan said, without scanning. */
  known(detection: Detection, value: unknown): Readonly<Scan> | undefined {
    return this.#scans?.get(detection)?.get(value);
  }

  /** The same value gets the same number wherever it stands in the review. */
  get numbers(): NumberTable {
    return (this.#numbers ??= numberTable());
  }

  #keep(detection: Detection, value: unknown, scan: Scan): void {
    this.#scans ??= new Map();
    inner(this.#scans, detection).set(value, scan);
  }
}

function inner<K, V>(map: Map<K, Map<unknown, V>>, key: K): Map<unknown, V> {
  let found = map.get(key);
  if (found === undefined) map.set(key, (found = new Map()));
  return found;
}
