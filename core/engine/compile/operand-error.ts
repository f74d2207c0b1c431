import type { DiagnosticCode } from "../diagnostic.ts";

/** What is wrong with an operand; the compiler adds where it stands. */
export class OperandError extends Error {
  readonly code: DiagnosticCode;
  readonly suggestion: string | undefined;

  constructor(code: DiagnosticCode, message: string, suggestion?: string) {
    super(message);
    this.code = code;
    this.suggestion = suggestion;
  }
}
