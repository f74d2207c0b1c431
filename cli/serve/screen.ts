import { formatUsd } from "#api";
import type { DeciderOptions } from "#decision";
import type { Serving } from "./compose.ts";
import { jsonText, printable } from "../output.ts";
import type { Colors } from "../io.ts";
import type { ServeSettings } from "./options.ts";
import { version } from "../version.ts";

type Decided = Parameters<NonNullable<DeciderOptions["onDecision"]>>;

const example = {
  apiVersion: "runlog.io/v1alpha1",
  kind: "ActionReview",
  request: {
    uid: "try-1",
    run: "try",
    action: "tool_call",
    tool: "database.query",
    args: { query: "SELECT name FROM people WHERE ssn = 423-41-1164" },
  },
};

/** What a person sees at the start: where it listens, what it loaded, and a line to paste. */
export function startScreen(serving: Serving, settings: ServeSettings, colors: Colors): string {
  const { server, policies, approvers } = serving;
  const entries = policies.entries();
  const rules = policies.index.rules;
  const lines = [
    `${colors.bold(`RunLog ${version}`)} decides at ${colors.cyan(server.url)}`,
    "",
    ...entries.map(
      (entry) =>
        `  policy    ${entry.resource.metadata.name}  ${entry.rules} rules, ${entry.resource.spec.mode ?? "Enforce"}  ${colors.dim(entry.source)}`,
    ),
    `  in force  ${entries.length} ${entries.length === 1 ? "policy" : "policies"}, ${rules} rules, revision ${policies.index.revision}`,
    `  agents    ${settings.tokens === undefined ? `every local caller is ${settings.namespace}/${settings.serviceAccount}` : `by token, from ${settings.tokens}`}`,
    `  approvers ${approverLine(approvers, settings)}`,
    `  state     ${settings.state}, counters rebuilt from ${serving.rebuilt} records`,
    ...approvers.warnings.map((warning) => `  ${colors.yellow("warning")}   ${warning}`),
    ...strangers(serving, settings).map((warning) => `  ${colors.yellow("warning")}   ${warning}`),
    "",
    settings.tokens === undefined ? "Ask it something:" : `Ask it something, with $TOKEN from ${settings.tokens}:`,
    "",
    `  ${exampleCommand(server.url, settings)}`,
    "",
    "Policy files are reloaded when they change. Ctrl-C stops.",
    "",
  ];
  return lines.join("\n");
}

/** A line to paste that works with these settings: the token itself is never shown. */
function exampleCommand(url: string, settings: ServeSettings): string {
  const options = [
    ...(settings["tls.cert"] === undefined ? [] : [`--cacert ${quoted(settings["tls.cert"])}`]),
    "-H 'content-type: application/json'",
    ...(settings.tokens === undefined ? [] : ['-H "authorization: Bearer $TOKEN"']),
  ];
  return `curl -s ${url}/v1/review ${options.join(" ")} -d ${quoted(JSON.stringify(example))}`;
}

/** One word for a shell. */
function quoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function approverLine(approvers: Serving["approvers"], settings: ServeSettings): string {
  if ("file" in approvers) return `token in ${String(approvers.file)}; any process of your user can read it`;
  return `from ${settings.approvers ?? ""}`;
}

/** Policies that no caller can ever meet are the kind of silence nobody wants. */
function strangers({ policies }: Serving, settings: ServeSettings): readonly string[] {
  if (settings.tokens !== undefined) return [];
  const labels = Object.keys(settings.labels).length;
  return policies.entries().flatMap(({ resource }) => {
    const { metadata, spec } = resource;
    const because = (why: string): string[] => [`${metadata.name} may apply to nobody: ${why}`];
    if (resource.kind === "AgentPolicy" && metadata.namespace !== settings.namespace) {
      return because(
        `it is for namespace ${metadata.namespace}, callers are in ${settings.namespace} (--namespace, or --tokens)`,
      );
    }
    if ("namespaceSelector" in spec && spec.namespaceSelector !== undefined) {
      return because("it selects namespaces by label, which only a --tokens file can give");
    }
    return spec.selector !== undefined && labels === 0
      ? because("it selects agents by label, callers have none (--labels, or --tokens)")
      : [];
  });
}

/** One readable line per decision. */
export function decisionLine([outcome, question]: Decided, colors: Colors): string {
  const { response } = outcome;
  const { request, cost, now } = question;
  const paint = {
    allow: colors.green,
    modify: colors.cyan,
    require_approval: colors.yellow,
    deny: colors.red,
    terminate: colors.magenta,
  }[response.decision];
  const what = [request.action, request.tool ?? request.model].filter((part) => part !== undefined).join(" ");
  const rule = response.policy === null ? "" : `  ${response.policy.name}/${response.policy.rule}`;
  const why = response.message === "" ? "" : `  ${response.message}`;
  const money = typeof cost === "number" && cost > 0 ? `  $${formatUsd(cost)}` : "";
  const audit = response.auditTotal === 0 ? "" : colors.dim(`  audit: would ${response.audit[0]?.decision}`);
  const time = new Date(now).toISOString().slice(11, 19);
  return `${colors.dim(time)}  ${paint(response.decision.padEnd(16))}  ${printable(`${request.run}  ${what}${money}${rule}${why}`)}${audit}\n`;
}

/** The same for machines: one JSON object. Never the arguments. */
export function decisionEvent([outcome, question]: Decided): string {
  const { response } = outcome;
  const { request, run } = question;
  const { decision, reason, message, policy, policiesEvaluated, revision, uid } = response;
  const event = {
    event: "decision",
    at: new Date(question.now).toISOString(),
    ...run,
    uid,
    step: request.step,
    action: request.action,
  };
  return `${jsonText({ ...event, tool: request.tool, model: request.model, decision, reason, message, policy, policiesEvaluated, revision })}\n`;
}
