import { errorTable } from "#api";
import { fieldTables, GENERATED, table } from "./markdown.ts";
import { doors, type Door } from "./openapi-doors.ts";
import { examples } from "./openapi-examples.ts";
import { componentSchemas, queryFields } from "./openapi-schemas.ts";

/** The HTTP interface for people to read; openapi.json holds the same for programs. */
export function wirePage(): string {
  const tags = ["Agents", "People", "Process"] as const;
  const schemas = Object.entries(componentSchemas());
  return (
    `# The HTTP interface\n\n${GENERATED}\n` +
    "Nothing but a 200 with `allowed: true` permits an action. Bodies are JSON in UTF-8 without content encoding. " +
    "The same, for programs, is [openapi.json](../../openapi.json); the codes are explained in [errors](errors.md).\n" +
    tags
      .map(
        (tag) =>
          `\n## ${tag}\n${doors
            .filter((door) => door.tag === tag)
            .map(doorText)
            .join("")}`,
      )
      .join("") +
    `\n## Schemas\n${schemas.map(([name, schema]) => fieldTables(name, schema, "###")).join("")}`
  );
}

function doorText(door: Door): string {
  const parts = [
    `\n### ${door.method.toUpperCase()} ${door.path}\n\n${door.summary}. ${door.description}\n`,
    parameters(door),
    door.body === undefined ? "" : `\nBody: [${door.body}](#${door.body.toLowerCase()})\n`,
    door.answer === undefined ? "" : `\nAnswer: [${door.answer}](#${door.answer.toLowerCase()})\n`,
    errors(door),
    ...[door.examples?.request, ...(door.examples?.answers ?? [])].map(example),
  ];
  return parts.join("");
}

function parameters(door: Door): string {
  if (door.query === undefined) return "";
  const rows = queryFields(door.query).map(({ name, schema }) => [`\`${name}\``, schema.description ?? ""]);
  return `\n${table(["query", "meaning"], rows)}`;
}

function errors(door: Door): string {
  if (door.errors.length === 0) return "";
  const sorted = [...new Set(door.errors)].sort((a, b) => errorTable[a].status - errorTable[b].status);
  const links = sorted.map((code) => `[${code}](errors.md#${code.toLowerCase()}) ${errorTable[code].status}`);
  return `\nErrors: ${links.join(", ")}\n`;
}

function example(name: string | undefined): string {
  const shown = name === undefined ? undefined : examples[name];
  if (shown === undefined) return "";
  return `\n${shown.summary}:\n\n\`\`\`json\n${JSON.stringify(shown.value, null, 2)}\n\`\`\`\n`;
}
