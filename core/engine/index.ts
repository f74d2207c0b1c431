/** The engine: policies in, verdicts out. Pure: no I/O, clock or randomness, and it never awaits. */
export { builtInGroups } from "./catalog/action-groups.ts";
export { counterOptions, factCatalog, factEntry, type FactEntry, factNames } from "./catalog/facts.ts";
export { operatorCatalog, operatorEntry, type OperatorEntry, operatorNames } from "./catalog/operators.ts";
export { compilePolicy, type CompileOptions, type CompileResult } from "./compile/compile-policy.ts";
export type { CompiledPolicy, CompiledRule, Condition } from "./compile/compiled.ts";
export { compileGrant, type CompiledGrant, matchesGrant } from "./compile/grant.ts";
export { createInterner, type Interner } from "./compile/interner.ts";
export * from "./detect/index.ts";
export { type Diagnostic, diagnosticCatalog, type DiagnosticCode, Findings } from "./diagnostic.ts";
export * from "./model.ts";
export { applyModify, type ModifyFailure } from "./modify/apply.ts";
export { diffArgs, type PatchOperation } from "./modify/diff.ts";
export { compileEdits, type CompiledEdits } from "./modify/edits.ts";
export type { WhenNode } from "./parse/ast.ts";
export { parseWhen } from "./parse/parse-when.ts";
export { printWhen } from "./parse/print-when.ts";
export { emptyIndex, type IndexChange, type RuleIndex } from "./rule-index/rule-index.ts";
export { decide, plan } from "./verdict/plan.ts";
