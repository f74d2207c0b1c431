import type { CelProgram } from "../compile/compiled.ts";
import { OperandError } from "../compile/operand-error.ts";
import type { Interner } from "../compile/interner.ts";

export function compileCel(_source: string, _scope: { readonly zone: string; readonly interner: Interner }): CelProgram {
  throw new OperandError("bad-cel", "not compiled yet");
}
