import fc from "fast-check";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkText, hasErrors } from "#policies";
import { root } from "../harness/serve.ts";

/** Policy files come from anywhere: whatever the bytes, there is an answer that says where, and what has an error decides nothing. */
describe("any text as a policy file", () => {
  const read = (...path: string[]): string => readFileSync(join(root, ...path), "utf8");
  const examples = readdirSync(join(root, "examples")).map((name) => read("examples", name, "policies.yaml"));
  const pages = ["policy-reference.md", "detection.md", "getting-started.md"].map((name) => read("docs", name));
  const inPages = pages.flatMap((page) =>
    [...page.matchAll(/^```yaml[^\n]*\n(.*?)^```/gms)].map((match) => match[1] ?? ""),
  );
  const known = [...examples, ...inPages];

  const check = (text: string): number => {
    const { policies, findings } = checkText(text, { file: "p.yaml", defaultNamespace: "default", hash: () => "h" });
    const lines = text.split("\n").length;
    for (const finding of [...findings, ...policies.flatMap((policy) => policy.findings)]) {
      expect(finding.line).toBeGreaterThanOrEqual(1);
      expect(finding.line).toBeLessThanOrEqual(lines);
      expect(finding.code).toMatch(/^[a-z][a-z-]+$/);
      expect(finding.message).not.toBe("");
    }
    for (const policy of policies) {
      expect(policy.compiled === undefined).toBe(hasErrors(policy.findings));
    }
    return policies.filter(({ compiled }) => compiled !== undefined).length;
  };

  it("accepts what the mutations start from", () => {
    expect(examples.map(check).every((count) => count > 0)).toBe(true);
    expect(inPages.length).toBeGreaterThan(30);
    expect(inPages.map(check).filter((count) => count > 0).length).toBeGreaterThan(0);
  });

  it("arbitrary bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        check(Buffer.from(bytes).toString("utf8"));
      }),
      { numRuns: 400 },
    );
  });

  const piece = fc.oneof(
    fc.constantFrom(
      ": ",
      "- ",
      "\n",
      "  ",
      "{",
      "}",
      "[",
      "]",
      "&a ",
      "*a ",
      "<<: *a\n",
      "!!js/function ",
      "---\n",
      "|",
      ">",
      "#",
      '"',
      "'",
      "\t",
      "? ",
      "__proto__: 1\n",
      "constructor",
      "null",
      "~",
      "1e999",
      ".nan",
      "-0",
      "0x10",
      "2024-01-01",
      "\u0000",
      "\ufeff",
      "\u2028",
      "not: ",
      "any: ",
      "(",
      "[*]",
      "when:\n",
      "action: allow\n",
      "rules:\n",
      "spec:\n",
      "kind: ClusterAgentPolicy\n",
      "\\u0000",
      "args.",
      "999999999999999999999",
    ),
    fc.string({ maxLength: 6 }),
    fc.string({ unit: "binary", maxLength: 4 }),
  );
  /** Several places of a text are replaced by other pieces, or by a part of the text itself. */
  const mutated = fc
    .tuple(
      fc.constantFrom(...known),
      fc.array(
        fc.tuple(
          fc.double({ min: 0, max: 1, noNaN: true }),
          fc.nat(12),
          fc.oneof(piece, fc.double({ min: 0, max: 1, noNaN: true })),
        ),
        {
          minLength: 1,
          maxLength: 4,
        },
      ),
    )
    .map(([text, edits]) =>
      edits.reduce((now, [where, removed, put]) => {
        const at = Math.floor(where * now.length);
        const from = typeof put === "number" ? Math.floor(put * now.length) : 0;
        return (
          now.slice(0, at) + (typeof put === "number" ? now.slice(from, from + 40) : put) + now.slice(at + removed)
        );
      }, text),
    );

  it("files that are nearly right", () => {
    fc.assert(
      fc.property(mutated, (text) => {
        check(text);
      }),
      { numRuns: 500 },
    );
  });

  const name = fc.oneof(
    fc.string({ maxLength: 8 }),
    fc.constantFrom("__proto__", "tool", "args.x", "not", "any", "cel", "toString", "name"),
  );
  const json = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.dictionary(name, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 }),
  );
  const rule = fc.oneof(
    json,
    fc.record(
      {
        id: fc.oneof(name, json),
        when: fc.oneof(fc.dictionary(name, json, { maxKeys: 3 }), json),
        action: fc.oneof(fc.constantFrom("allow", "deny", "modify", "log", "require_approval", "terminate"), json),
        modify: json,
      },
      { requiredKeys: [] },
    ),
  );
  const resource = fc.record(
    {
      apiVersion: fc.oneof({ weight: 4, arbitrary: fc.constant("runlog.io/v1alpha1") }, json),
      kind: fc.oneof({ weight: 4, arbitrary: fc.constantFrom("AgentPolicy", "ClusterAgentPolicy") }, json),
      metadata: fc.oneof({ weight: 4, arbitrary: fc.record({ name: fc.oneof(fc.constant("p"), name) }) }, json),
      spec: fc.oneof(
        json,
        fc.record(
          {
            rules: fc.oneof(fc.array(rule, { maxLength: 3 }), json),
            detection: json,
            selector: json,
            mode: json,
            budget: json,
          },
          { requiredKeys: [] },
        ),
      ),
      policies: fc.array(rule, { maxLength: 2 }),
    },
    { requiredKeys: [] },
  );

  it("any JSON objects as resources", () => {
    fc.assert(
      fc.property(resource, (value) => {
        check(JSON.stringify(value, undefined, 1));
      }),
      { numRuns: 500, examples: [[{ kind: { toString: "" } }], [{ metadata: { name: { toString: 1, valueOf: 1 } } }]] },
    );
  });
});
