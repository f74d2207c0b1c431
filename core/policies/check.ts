import { isJsonObject, type JsonObject, type JsonValue, type PolicyResource } from "#api";
import { compilePolicy, type CompiledPolicy, type CompileOptions, type Interner } from "#engine";
import { fieldName, hasErrors, type Finding, type Path } from "./finding.ts";
import { convertPlainFile, isPlainFile, policyNameOf, type Problem } from "./plain-file.ts";
import { schemaProblems } from "./schema-findings.ts";
import { readYaml, type SourceDocument } from "./yaml-text.ts";

/** What became of one resource: compiled if it has no error, and everything there is to say about it. */
export interface CheckedPolicy {
  readonly key: string;
  readonly resource: PolicyResource;
  /** Absent when a finding is an error. */
  readonly compiled: CompiledPolicy | undefined;
  readonly findings: readonly Finding[];
}

export interface CheckedText {
  readonly policies: readonly CheckedPolicy[];
  /** Findings about the text itself; those about a policy stand with it. */
  readonly findings: readonly Finding[];
}

export interface CheckOptions {
  readonly file: string;
  /** Namespace of policies that name none. */
  readonly defaultNamespace: string;
  /** Generation of a resource that carries none; 1 where this is absent. */
  readonly generation?: ((key: string, resource: JsonObject) => number) | undefined;
  /** Shared by all policies of a set, so that equal facts and detectors are one, and a value is scanned once however many rules ask. */
  readonly interner?: Interner | undefined;
  /** The keyed hash of `redact … as: hash`; without it a policy that hashes has an error. */
  readonly hash?: CompileOptions["hash"];
}

/** For checking files away from the server, whose key nobody knows here: a policy that hashes is no error then. Never for deciding. */
export const unknownKey: NonNullable<CompileOptions["hash"]> = () => "";

/** Checks one resource: the schema first, then its meaning. The same function serves lint, admission and status. */
export function checkResource(
  resource: JsonObject,
  options: CompileOptions = {},
): {
  compiled: CompiledPolicy | undefined;
  problems: readonly Problem[];
} {
  const schema = schemaProblems(resource);
  if (schema.length > 0) return { compiled: undefined, problems: schema };
  const { policy, diagnostics } = compilePolicy(resource as unknown as PolicyResource, options);
  return { compiled: diagnostics.some((one) => one.severity === "error") ? undefined : policy, problems: diagnostics };
}

/** `AgentPolicy/namespace/name` or `ClusterAgentPolicy//name`: what a policy is known by, whatever file it comes from. */
export function policyKey(resource: JsonObject): string {
  const metadata = (resource["metadata"] ?? {}) as JsonObject;
  const namespace = resource["kind"] === "ClusterAgentPolicy" ? "" : metadata["namespace"];
  return [resource["kind"], namespace, metadata["name"]].map(keyPart).join("/");
}

/** Called before the resource is checked: `{ toString: 1 }` cannot be made a text. */
function keyPart(value: JsonValue | undefined): string {
  return typeof value === "object" && value !== null ? "…" : String(value);
}

/** Checks the text of a policy file: RunLog files and Kubernetes resources, several documents, mixed. Never throws. */
export function checkText(text: string, options: CheckOptions): CheckedText {
  const source = readYaml(text, options.file);
  const policies: CheckedPolicy[] = [];
  const findings: Finding[] = [...source.findings];
  for (const document of source.documents) {
    const { value } = document;
    if (!isJsonObject(value)) {
      findings.push(locate({ ...notAPolicy, path: [] }, document, text, options.file));
      continue;
    }
    policies.push(checkDocument(value, document, text, options));
  }
  if (policies.length === 0 && findings.length === 0) {
    findings.push({
      ...notAPolicy,
      file: options.file,
      line: 1,
      column: 1,
      field: "",
      code: "empty-file",
      message: "there is no policy in this file",
    });
  }
  return { policies, findings };
}

const notAPolicy = {
  severity: "error",
  code: "not-a-policy",
  message: "expected a policy: a map with `policies:`, or an AgentPolicy",
} as const;

function checkDocument(
  value: JsonObject,
  document: SourceDocument,
  text: string,
  options: CheckOptions,
): CheckedPolicy {
  const plain = isPlainFile(value)
    ? convertPlainFile(value, policyNameOf(options.file), options.defaultNamespace)
    : undefined;
  const given = plain?.resource ?? withNamespace(value, options.defaultNamespace);
  const key = policyKey(given);
  const resource = withGeneration(given, options.generation?.(key, given) ?? 1);
  const { compiled, problems } = checkResource(resource, options);
  const found = plain === undefined ? problems : problems.map((one) => inFile(one, plain.origin));
  const findings = [...(plain?.problems ?? []), ...found].map((one) => ({
    ...locate(one, document, text, options.file),
    policy: key,
  }));
  return {
    key,
    resource: resource as unknown as PolicyResource,
    compiled: hasErrors(findings) ? undefined : compiled,
    findings,
  };
}

/** A problem of the policy as one of the file: its place, and the name of the field where the message begins with it. */
function inFile(problem: Problem, origin: (path: Path) => Path): Problem {
  const { path, message } = problem;
  for (let length = path.length; length > 0; length--) {
    const name = fieldName(path.slice(0, length));
    const rest = message.slice(name.length);
    if (message.startsWith(name) && /^[: ]/.test(rest))
      return { ...problem, path: origin(path), message: fieldName(origin(path.slice(0, length))) + rest };
  }
  return { ...problem, path: origin(path) };
}

/** A namespaced policy without a namespace gets the default one, as kubectl would give it. */
function withNamespace(value: JsonObject, namespace: string): JsonObject {
  const { metadata } = value;
  if (value["kind"] !== "AgentPolicy" || !isJsonObject(metadata) || metadata["namespace"] !== undefined) return value;
  return { ...value, metadata: { ...metadata, namespace } };
}

function withGeneration(resource: JsonObject, generation: number): JsonObject {
  const { metadata } = resource;
  if (!isJsonObject(metadata) || metadata["generation"] !== undefined) return resource;
  return { ...resource, metadata: { ...metadata, generation } };
}

function locate(problem: Problem, document: SourceDocument, text: string, file: string): Finding {
  const atKey = problem.code.startsWith("unknown-f") || problem.code === "unknown-operator";
  const { line, column } = document.locate(problem.path, atKey);
  return {
    severity: problem.severity,
    code: problem.code,
    file,
    line,
    column,
    field: fieldName(problem.path),
    message: problem.message,
    suggestion: problem.suggestion,
    excerpt: text.split("\n", line)[line - 1]?.slice(0, 200),
  };
}
