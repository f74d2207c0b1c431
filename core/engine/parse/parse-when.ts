import { closest } from "#api";
import { counterOptions, factEntry, factNames, type CounterOption } from "../catalog/facts.ts";
import { isOperatorName, operatorNames } from "../catalog/operators.ts";
import type { Findings, Path } from "../diagnostic.ts";
import type { CounterOptions, TestNode, WhenNode } from "./ast.ts";
import { catalogName, parseFactName, type NamedFact } from "./fact-name.ts";

/** Conditions one `when` may have, and how deeply they may nest. */
export const MAX_CONDITIONS = 512;
export const MAX_NESTING = 16;

const combinators = ["all", "any", "not", "cel"];

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Reads a `when`. What is wrong goes to `findings`; the node is undefined when nothing could be made of it. */
export function parseWhen(when: unknown, path: Path, findings: Findings): WhenNode | undefined {
  return new WhenParser(findings).map(when, path, 0);
}

class WhenParser {
  readonly #findings: Findings;
  #count = 0;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  map(when: unknown, path: Path, depth: number): WhenNode | undefined {
    if (!isObject(when)) {
      this.#findings.error("bad-condition", path, "expected a map of facts and conditions; {} matches everything");
      return undefined;
    }
    if (depth > MAX_NESTING) {
      this.#findings.error("too-large", path, `conditions are nested deeper than ${MAX_NESTING} levels`);
      return undefined;
    }
    const items = Object.entries(when).flatMap(([key, value]) =>
      this.#entry(key, value, { path: [...path, key], depth }),
    );
    const [only] = items;
    return items.length === 1 && only !== undefined ? only : { kind: "all", path, items };
  }

  #entry(key: string, value: unknown, at: { path: Path; depth: number }): readonly WhenNode[] {
    this.#count++;
    if (this.#count > MAX_CONDITIONS) {
      if (this.#count === MAX_CONDITIONS + 1) {
        this.#findings.error("too-large", at.path, `a rule has more than ${MAX_CONDITIONS} conditions`);
      }
      return [];
    }
    const node = combinators.includes(key) ? this.#combinator(key, value, at) : undefined;
    if (node !== undefined) return [node];
    return combinators.includes(key) ? [] : this.#fact(key, value, at.path);
  }

  #combinator(key: string, value: unknown, { path, depth }: { path: Path; depth: number }): WhenNode | undefined {
    if (key === "not") {
      const item = this.map(value, path, depth + 1);
      return item === undefined ? undefined : { kind: "not", path, item };
    }
    if (key === "cel") {
      if (typeof value === "string") return { kind: "cel", path, source: value };
      this.#findings.error("bad-condition", path, "cel takes an expression as text");
      return undefined;
    }
    if (!Array.isArray(value) || value.length === 0) {
      this.#findings.error("bad-condition", path, `${key} takes a list of at least one condition`);
      return undefined;
    }
    const items = value.flatMap((item: unknown, index) => this.map(item, [...path, index], depth + 1) ?? []);
    return { kind: key === "all" ? "all" : "any", path, items };
  }

  #fact(key: string, value: unknown, path: Path): readonly TestNode[] {
    const fact = parseFactName(key);
    if (fact === undefined) {
      const meant = nearestFact(key);
      this.#findings.error(
        "unknown-fact",
        path,
        `there is no fact "${shorten(key)}"${meant === undefined ? "" : `; did you mean ${meant}?`}`,
        meant,
      );
      return [];
    }
    if (Array.isArray(value)) return [{ kind: "test", path, fact, operator: "in", operand: value, options: {} }];
    if (!isObject(value)) return [{ kind: "test", path, fact, operator: "eq", operand: value, options: {} }];
    return this.#operators(fact, value, path);
  }

  #operators(fact: NamedFact, value: Readonly<Record<string, unknown>>, path: Path): readonly TestNode[] {
    const counter = factEntry(catalogName(fact)).counter !== undefined;
    const options: Partial<Record<CounterOption, unknown>> = {};
    const tests: TestNode[] = [];
    const shared: CounterOptions = options;
    for (const [name, operand] of Object.entries(value)) {
      if (counter && isCounterOption(name)) options[name] = operand;
      else if (isOperatorName(name)) {
        this.#count++;
        tests.push({ kind: "test", path: [...path, name], fact, operator: name, operand, options: shared });
      } else this.#unknownOperator(name, [...path, name], counter);
    }
    if (tests.length === 0 && Object.keys(value).every(isCounterOption)) {
      this.#findings.error("bad-condition", path, "there is no operator; expected for example { exists: true }");
    }
    return tests;
  }

  #unknownOperator(name: string, path: Path, counter: boolean): void {
    const meant = closest(name, counter ? [...operatorNames, ...counterOptions] : operatorNames);
    const hint = meant === undefined ? `; operators are ${operatorNames.join(", ")}` : `; did you mean ${meant}?`;
    this.#findings.error("unknown-operator", path, `there is no operator "${shorten(name)}"${hint}`, meant);
  }
}

function isCounterOption(name: string): name is CounterOption {
  return (counterOptions as readonly string[]).includes(name);
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** Also mends the first word of a path: `arg.amount` was meant as `args.amount`. */
function nearestFact(key: string): string | undefined {
  const head = /^[^.[]*/.exec(key)?.[0] ?? "";
  const rest = key.slice(head.length);
  const whole = closest(key, [...factNames.filter((name) => name !== "labels"), ...combinators]);
  if (rest === "" || whole !== undefined) return whole;
  const root = closest(head, ["args", "labels"]);
  return root !== undefined && parseFactName(root + rest) !== undefined ? shorten(root + rest) : undefined;
}
