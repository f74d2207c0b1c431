import { closest, parseDuration, type CounterPer } from "#api";
import { counterOptions, factEntry, MAX_WINDOW_MS, type CounterFact } from "../catalog/facts.ts";
import type { Findings } from "../diagnostic.ts";
import type { TestNode } from "../parse/ast.ts";
import { catalogName } from "../parse/fact-name.ts";
import type { CounterChoice } from "./facts.ts";
import { shown } from "./scalars.ts";

/** Reads `per`, `window` and `tool` beside a counter's operators. Undefined when one of them is wrong; `findings` says which. */
export function counterChoice(node: TestNode, findings: Findings): CounterChoice | undefined {
  const { counter } = factEntry(catalogName(node.fact));
  if (counter === undefined) return {};
  const path = node.path.slice(0, -1);
  const choice = {
    per: perOf(node, counter, () => findings),
    windowMs: windowOf(node, counter, () => findings),
    tool: toolOf(node, counter, () => findings),
  };
  for (const option of counterOptions) {
    if (option === "per" || counter.span === "window" || node.options[option] === undefined) continue;
    findings.error("bad-condition", [...path, option], `${option} belongs to calls_in_window only`);
    return undefined;
  }
  return choice.per === null || choice.windowMs === null || choice.tool === null
    ? undefined
    : { per: choice.per, windowMs: choice.windowMs, tool: choice.tool };
}

type Report = () => Findings;
function at(node: TestNode, option: string): readonly (string | number)[] {
  return node.operator === node.path.at(-1) ? [...node.path.slice(0, -1), option] : [...node.path, option];
}

/** Null is wrong, undefined the default. */
function perOf(node: TestNode, counter: CounterFact, report: Report): CounterPer | null | undefined {
  const { per } = node.options;
  if (per === undefined) return undefined;
  const found = counter.per.find((known) => known === per);
  if (found !== undefined) return found;
  const meant = typeof per === "string" ? closest(per, counter.per) : undefined;
  const why = counter.span === "run" ? ": a run belongs to one agent" : "";
  report().error(
    "bad-per",
    at(node, "per"),
    `per is one of ${counter.per.join(", ")} here${why}; found ${shown(per)}`,
    meant,
  );
  return null;
}

function windowOf(node: TestNode, counter: CounterFact, report: Report): number | null | undefined {
  if (counter.span !== "window") return undefined;
  const { window } = node.options;
  const ms = typeof window === "string" ? parseDuration(window) : undefined;
  if (ms !== undefined && ms > 0 && ms <= MAX_WINDOW_MS) return ms;
  const problem =
    window === undefined
      ? "needs a window"
      : ms === undefined
        ? `has no duration: ${shown(window)}`
        : ms === 0
          ? "has an empty window"
          : "has a window of more than 31 days";
  report().error("bad-window", at(node, "window"), `calls_in_window ${problem}; expected for example window: 1h`);
  return null;
}

function toolOf(node: TestNode, counter: CounterFact, report: Report): string | null | undefined {
  const { tool } = node.options;
  if (tool === undefined || counter.span !== "window") return undefined;
  if (typeof tool === "string" && tool !== "" && tool.length <= 256) return tool;
  report().error("bad-operand", at(node, "tool"), `tool is the name of a tool or a glob, found ${shown(tool)}`);
  return null;
}
