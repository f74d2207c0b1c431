import {
  actionReviewResponseSchema,
  approvalRequestSchema,
  errorTable,
  parseActionReview,
  parseBody,
  reportResponseSchema,
  reportSchema,
  voteSchema,
} from "#api";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { doors } from "../../scripts/generate/openapi-doors.ts";
import { openapiDocument } from "../../scripts/generate/openapi.ts";

interface Media {
  readonly schema: { readonly $ref: string };
  readonly examples?: Readonly<Record<string, { readonly $ref: string }>>;
}
type Content = Readonly<Record<string, Media>>;
interface Operation {
  readonly operationId: string;
  readonly security?: readonly object[];
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: object }[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly headers?: object; readonly content?: Content }>
  >;
}
interface Document {
  readonly openapi: string;
  readonly security: readonly object[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, object>>;
    readonly examples: Readonly<Record<string, { readonly value: unknown }>>;
    readonly securitySchemes: object;
  };
}

const document = openapiDocument("0.0.0") as Document;
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => [`${method} ${path}`, operation] as const),
);

const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, strictRequired: false, formats: { "date-time": true } });
ajv.addVocabulary(["components"]);
ajv.addSchema({ $id: "document", components: { schemas: document.components.schemas } }, "document", undefined, false);
const validate = (ref: string, value: unknown): string => {
  const schema = { $ref: `document${ref}` };
  return ajv.validate(schema, value) ? "" : ajv.errorsText();
};

function refs(node: unknown): string[] {
  if (typeof node !== "object" || node === null) return [];
  return Object.entries(node).flatMap(([key, value]) => (key === "$ref" ? [String(value)] : refs(value)));
}

function resolve(ref: string): unknown {
  let node: unknown = document;
  for (const step of ref.slice(2).split("/")) node = (node as Record<string, unknown>)[step];
  return node;
}

function expectProblem(status: string, response: Operation["responses"][string]): void {
  expect(Object.keys(response.content ?? {})).toEqual(["application/problem+json"]);
  expect("headers" in response).toBe(status === "429" || status === "503");
  const codes = response.description.match(/RL_[A-Z0-9_]+/g) ?? [];
  expect(codes.length).toBeGreaterThan(0);
  for (const code of codes) expect(errorTable[code as keyof typeof errorTable].status).toBe(Number(status));
}

describe("openapi.json", () => {
  it("is OpenAPI 3.1 with a bearer token on everything but the process' own doors", () => {
    expect(document.openapi).toBe("3.1.0");
    expect(document.components.securitySchemes).toMatchObject({ bearer: { type: "http", scheme: "bearer" } });
    expect(document.security).toEqual([{ bearer: [] }]);
    const open = doors.filter((door) => door.open === true).map((door) => door.path);
    expect(open).toEqual(["/openapi.json", "/healthz", "/readyz", "/metrics"]);
  });

  it("has every door of the contract", () => {
    const names = operations.map(([name]) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        "post /v1/review",
        "post /v1/reviews",
        "post /v1/report",
        "post /v1/runs/{run}/end",
        "get /v1/approvals",
        "get /v1/approvals/{namespace}/{name}",
        "get /v1/approvals/{namespace}/{name}/args",
        "post /v1/approvals/{namespace}/{name}/vote",
        "get /v1/runs",
        "get /v1/runs/{namespace}/{serviceAccount}/{run}",
        "get /v1/runs/{namespace}/{serviceAccount}/{run}/steps",
        "post /v1/runs/{namespace}/{serviceAccount}/{run}/terminate",
        "get /v1/usage",
        "get /v1/policies",
        "get /openapi.json",
      ]),
    );
    expect(new Set(operations.map(([, { operationId }]) => operationId)).size).toBe(names.length);
  });

  it("points at nothing that is not there", () => {
    const targets = new Set(refs(document));
    expect(targets.size).toBeGreaterThan(20);
    for (const ref of targets) expect(resolve(ref), ref).toBeDefined();
  });

  it.each(Object.keys(document.components.schemas))("has a valid JSON Schema 2020-12 for %s", (name) => {
    expect(ajv.validateSchema(document.components.schemas[name] ?? false)).toBe(true);
    expect(ajv.compile({ $ref: `document#/components/schemas/${name}` })).toBeTypeOf("function");
  });

  it.each(operations)("%s declares the parameters of its path and answers errors as problems", (name, operation) => {
    const wanted = [...name.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
    const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === "path");
    expect(declared.map((parameter) => parameter.name)).toEqual(wanted);
    for (const parameter of operation.parameters ?? []) expect(ajv.validateSchema(parameter.schema)).toBe(true);
    const errors = Object.entries(operation.responses).filter(([status]) => status !== "200");
    for (const [status, response] of name === "get /readyz" ? [] : errors) expectProblem(status, response);
  });

  it("shows examples that its schemas take", () => {
    const shown = operations.flatMap(([, { requestBody, responses }]) =>
      [requestBody?.content, ...Object.values(responses).map((response) => response.content)].flatMap((content) =>
        Object.values(content ?? {}).flatMap(({ schema, examples = {} }) =>
          Object.keys(examples).map((example) => [schema.$ref, example] as const),
        ),
      ),
    );
    expect(new Set(shown.map(([, example]) => example))).toEqual(new Set(Object.keys(document.components.examples)));
    for (const [ref, example] of shown) {
      expect(validate(ref, document.components.examples[example]?.value), example).toBe("");
    }
  });

  it("shows examples that the server itself would take or send", () => {
    const value = (name: string): never => document.components.examples[name]?.value as never;
    expect(parseActionReview(value("review"))).toHaveProperty("run", "run_abc123");
    for (const name of ["allow", "deny", "modify", "require_approval", "terminate"]) {
      const { response } = parseBody(actionReviewResponseSchema, value(name));
      expect(response.decision).toBe(name);
      expect(response.allowed).toBe(name === "allow" || name === "modify");
    }
    expect(parseBody(reportSchema, value("report"))).toHaveProperty("outcome", "success");
    expect(parseBody(reportResponseSchema, value("charged"))).toHaveProperty("charged");
    expect(parseBody(voteSchema, value("vote"))).toHaveProperty("decision", "approve");
    expect(parseBody(approvalRequestSchema, value("approval"))).toHaveProperty("spec.uses", 1);
  });

  it("refuses what the server refuses", () => {
    const review = document.components.examples["review"]?.value as { request: object };
    const body = (request: object): object => ({ ...review, request });
    expect(validate("#/components/schemas/ActionReview", review)).toBe("");
    for (const change of [{ action: "tool_cal" }, { toll: "x" }, { args: [1] }, { run: "a b" }, { uid: "" }]) {
      expect(validate("#/components/schemas/ActionReview", body({ ...review.request, ...change }))).not.toBe("");
    }
  });
});
