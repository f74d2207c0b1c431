import type { ModifyOperation } from "#api";
import { createInterner } from "../compile/interner.ts";
import type { CompiledOperation } from "../compile/compiled.ts";
import { compileOperations } from "../compile/operations.ts";
import { Findings, type Diagnostic } from "../diagnostic.ts";

export interface CompiledEdits {
  /** For applyModify; absent when a diagnostic is an error. */
  readonly operations?: readonly CompiledOperation[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads the edits of an approver: the same operations a modify rule has. */
export function compileEdits(edits: readonly ModifyOperation[]): CompiledEdits {
  const findings = new Findings();
  const operations = compileOperations(edits, ["edits"], { interner: createInterner(), groups: new Map(), findings });
  return { ...(operations === undefined ? {} : { operations }), diagnostics: findings.list };
}
