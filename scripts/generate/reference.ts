import { errorTable } from "#api";
import { resources, rootSchema, type Resource } from "./crds.ts";
import { fieldTables, GENERATED, table } from "./markdown.ts";
import { wirePage } from "./reference-wire.ts";
import type { SchemaNode } from "./structural.ts";

/** Pages under docs/reference/. */
export function referenceFiles(): ReadonlyMap<string, string> {
  return new Map([
    ["docs/reference/errors.md", errorsPage()],
    ...resources.map(
      (resource) => [`docs/reference/${resource.kind.toLowerCase()}.md`, resourcePage(resource)] as const,
    ),
    ["docs/reference/wire.md", wirePage()],
  ]);
}

function errorsPage(): string {
  const rows = Object.entries(errorTable).map(([code, { status, exit, title, fix }]) => [
    `<a id="${code.toLowerCase()}"></a>\`${code}\``,
    String(status),
    String(exit),
    `${title}.`,
    fix,
  ]);
  return (
    `# Errors\n\n${GENERATED}\n` +
    "Every error has a code. Over HTTP it is a problem (RFC 9457) with the status below and `code`, `detail` and, where a field is at fault, its `path` as a JSON Pointer. " +
    "On the command line it ends the command with the exit code below. A status of 4xx or 5xx never permits an action.\n\n" +
    table(["code", "status", "exit code", "what happened", "what to do"], rows)
  );
}

function resourcePage(resource: Resource): string {
  const schema = rootSchema(resource.schema);
  const { kind, plural, shortNames, categories, scope, columns } = resource;
  const names = [plural, ...shortNames, ...categories].map((name) => `\`kubectl get ${name}\``).join(", ");
  return (
    `# ${kind}\n\n${GENERATED}\n${schema.description ?? ""}\n\n` +
    `\`runlog.io/v1alpha1\`, ${scope === "Cluster" ? "for the whole cluster" : "in a namespace"}. ${names}.\n\n` +
    "Lengths are counted in UTF-16 units. A field that is not listed is refused.\n" +
    fieldTables("Fields", bare(schema)) +
    `\n## Columns\n\n${table(
      ["column", "from", "meaning"],
      columns.map(({ name, jsonPath, description, priority }) => [
        name,
        `\`${jsonPath}\``,
        `${description}${priority === 1 ? " (with `-o wide`)" : ""}`,
      ]),
    )}`
  );
}

/** The page says by itself what the resource is. */
function bare(schema: SchemaNode): SchemaNode {
  return Object.fromEntries(Object.entries(schema).filter(([keyword]) => keyword !== "description"));
}
