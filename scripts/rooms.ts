/** The house: every room, where it lives, and which rooms it may enter. docs/architecture.md explains it; the linter and a test read it. */
export interface Room {
  readonly path: string;
  readonly floor: "programs" | "core" | "platform";
  readonly may: readonly string[];
  /** A pure room imports only these packages: no I/O, clock or randomness. */
  readonly pure?: readonly string[];
  /** Doors besides index.ts, which only composition roots open. */
  readonly sideDoors?: readonly string[];
}

export const rooms: Readonly<Record<string, Room>> = {
  cli: {
    path: "cli",
    floor: "programs",
    may: [
      "webhook",
      "decision",
      "policies",
      "approvals",
      "runlog",
      "ledger",
      "engine",
      "api",
      "http",
      "storage",
      "telemetry",
      "runtime",
    ],
  },
  webhook: {
    path: "webhook",
    floor: "programs",
    may: ["decision", "policies", "approvals", "runlog", "ledger", "http", "api", "runtime", "telemetry"],
  },
  decision: {
    path: "core/decision",
    floor: "core",
    may: ["engine", "ledger", "approvals", "runlog", "api", "runtime", "telemetry"],
  },
  policies: { path: "core/policies", floor: "core", may: ["engine", "api", "runtime", "telemetry"] },
  approvals: {
    path: "core/approvals",
    floor: "core",
    may: ["storage", "api", "runtime", "telemetry"],
    sideDoors: ["sqlite"],
  },
  runlog: {
    path: "core/runlog",
    floor: "core",
    may: ["storage", "api", "runtime", "telemetry"],
    sideDoors: ["sqlite"],
  },
  ledger: { path: "core/ledger", floor: "core", may: ["api", "runtime", "telemetry"] },
  engine: {
    path: "core/engine",
    floor: "core",
    may: ["api"],
    pure: ["re2js", "@marcbachmann/cel-js"],
  },
  api: { path: "core/api", floor: "core", may: [] },
  http: { path: "platform/http", floor: "platform", may: ["api", "runtime", "telemetry"] },
  storage: { path: "platform/storage", floor: "platform", may: ["api", "runtime", "telemetry"] },
  telemetry: { path: "platform/telemetry", floor: "platform", may: ["runtime"] },
  runtime: { path: "platform/runtime", floor: "platform", may: ["api"] },
};
