import type { Finding } from "#policies";
import type { Colors } from "./io.ts";
import { printable } from "./output.ts";

/**
 * One finding for people: `file:line:column`, what is wrong, the source line with a mark under the place, and what would be right.
 */
export function renderFinding(finding: Finding, colors: Colors): string {
  const place = [finding.file, finding.line, finding.column].filter((part) => part !== undefined).join(":");
  const label = finding.severity === "error" ? colors.red("error") : colors.yellow("warning");
  const lines = [
    `${colors.bold(printable(place))}: ${label}: ${printable(finding.message)} ${colors.dim(`[${finding.code}]`)}`,
  ];
  if (finding.excerpt !== undefined && finding.line !== undefined && finding.column !== undefined) {
    const gutter = String(finding.line);
    lines.push(`  ${colors.dim(`${gutter} |`)} ${printable(finding.excerpt)}`);
    lines.push(`  ${" ".repeat(gutter.length)} ${colors.dim("|")} ${" ".repeat(finding.column - 1)}${colors.red("^")}`);
  }
  if (finding.suggestion !== undefined) lines.push(`  ${colors.cyan("=")} ${printable(finding.suggestion)}`);
  return `${lines.join("\n")}\n`;
}

export function countFindings(findings: readonly Finding[]): string {
  const errors = findings.filter((finding) => finding.severity === "error").length;
  const warnings = findings.length - errors;
  return `${errors} ${errors === 1 ? "error" : "errors"}, ${warnings} ${warnings === 1 ? "warning" : "warnings"}`;
}
