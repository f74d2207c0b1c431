import { API_VERSION, errorTable, type ErrorCode } from "#api";
import { doors, type Door } from "./openapi-doors.ts";
import { examples } from "./openapi-examples.ts";
import { componentSchemas, queryFields } from "./openapi-schemas.ts";

const BEARER = "bearer";

export function openapiDocument(version: string): object {
  return {
    openapi: "3.1.0",
    info: {
      title: "RunLog",
      version,
      summary: "Decides, before an AI agent acts, whether it may.",
      description:
        `Version ${API_VERSION} of the interface. Nothing but a 200 with \`allowed: true\` permits an action: whoever gets no answer, or any other one, does not act. ` +
        "Errors are problem details (RFC 9457) with a code of RunLog's table. Bodies are JSON in UTF-8 without content encoding, at most 1 MiB, and are read strictly: " +
        "duplicate keys, half surrogate pairs, more than 64 levels, and numbers that a double does not hold are refused.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    security: [{ [BEARER]: [] }],
    tags: [
      { name: "Agents", description: "What an agent, or whatever asks for it, calls. The token says who asks." },
      { name: "People", description: "What people and their tools call. The review door does not take their tokens." },
      { name: "Process", description: "Health, metrics and this document." },
    ],
    paths: paths(),
    components: {
      securitySchemes: {
        [BEARER]: {
          type: "http",
          scheme: "bearer",
          description:
            "In a cluster a ServiceAccount token with audience `runlog`; bound to a pod for agents. With `runlog serve` a token of the state folder.",
        },
      },
      schemas: componentSchemas(),
      examples,
    },
  };
}

export function openapiFile(version: string): string {
  return `${JSON.stringify(openapiDocument(version), null, 2)}\n`;
}

function paths(): Record<string, Record<string, object>> {
  const result: Record<string, Record<string, object>> = {};
  for (const door of doors) result[door.path] = { ...result[door.path], [door.method]: operation(door) };
  return result;
}

function operation(door: Door): object {
  const parameters = [...pathParameters(door.path), ...queryParameters(door.query)];
  return {
    operationId: door.id,
    tags: [door.tag],
    summary: door.summary,
    description: door.description,
    ...(door.open === true ? { security: [] } : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(door.body === undefined ? {} : { requestBody: requestBody(door.body, door.examples?.request) }),
    responses: {
      "200": answerOf(door),
      ...(door.unready === undefined ? {} : { "503": { description: door.unready } }),
      ...problems(door.errors),
    },
  };
}

function pathParameters(path: string): object[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string", minLength: 1, maxLength: 253 },
  }));
}

function queryParameters(query: string | undefined): object[] {
  if (query === undefined) return [];
  return queryFields(query).map(({ name, schema: { description, ...schema }, required }) => ({
    name,
    in: "query",
    required,
    description,
    schema,
  }));
}

function requestBody(schema: string, example: string | undefined): object {
  return { required: true, content: { "application/json": media(schema, example === undefined ? [] : [example]) } };
}

function answerOf(door: Door): object {
  if (door.answer === undefined) return { description: door.summary };
  return { description: "Done.", content: { "application/json": media(door.answer, door.examples?.answers ?? []) } };
}

function media(schema: string, names: readonly string[]): object {
  const shown = Object.fromEntries(names.map((name) => [name, { $ref: `#/components/examples/${name}` }]));
  return { schema: { $ref: `#/components/schemas/${schema}` }, ...(names.length > 0 ? { examples: shown } : {}) };
}

/** One response a status, which lists the codes it may carry. */
function problems(codes: readonly ErrorCode[]): Record<string, object> {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of new Set(codes)) {
    const { status } = errorTable[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const sorted = [...byStatus].sort(([a], [b]) => a - b);
  return Object.fromEntries(sorted.map(([status, list]) => [String(status), problem(status, list)]));
}

function problem(status: number, codes: readonly ErrorCode[]): object {
  return {
    description: codes.map((code) => `${code}: ${errorTable[code].title}.`).join(" "),
    ...(status === 429 || status === 503 ? { headers: { "Retry-After": retryAfter } } : {}),
    content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
  };
}

const retryAfter = { description: "Seconds after which a retry makes sense.", schema: { type: "integer", minimum: 0 } };
