import { compileDetector } from "#engine";

export interface RunLine {
  readonly args?: unknown;
  readonly action?: string;
  readonly tool?: string;
}

export interface Flagged {
  readonly total: number;
  readonly flagged: number;
  /** `TYPE in tool.path`, each once. */
  readonly findings: readonly string[];
}

/** Actions of recorded runs whose arguments contain something. */
export function flaggedArguments(lines: readonly RunLine[], family: "pii" | "secret"): Flagged {
  const detector = compileDetector({ family });
  const withArguments = lines.filter(({ args }) => args !== undefined);
  const found = new Set<string>();
  let flagged = 0;
  for (const { args, action = "", tool = action } of withArguments) {
    const { findings } = detector.findAll(args);
    if (findings.length > 0) flagged++;
    for (const { type, path } of findings) found.add(`${type} in ${[tool, ...path].join(".")}`);
  }
  return { total: withArguments.length, flagged, findings: [...found].toSorted((a, b) => a.localeCompare(b)) };
}
