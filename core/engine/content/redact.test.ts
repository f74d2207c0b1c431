import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { redactions, type JsonObject, type ModifyOperation, type PolicySpec } from "#api";
import { compilePolicy } from "../compile/compile-policy.ts";
import { compileDetector } from "../detect/index.ts";
import { ReviewMemory } from "../evaluate/review-memory.ts";
import { applyModify, type ModifyFailure } from "../modify/apply.ts";
import type { ModifyResult } from "../model.ts";
import { policyOf, ruleOf } from "../testing.ts";

/** Stands for an HMAC: hexadecimal, of its length. */
const hash = (value: string): string => Buffer.from(value.padEnd(32, "#")).toString("hex").slice(0, 64);

function apply(
  operations: readonly ModifyOperation[],
  args: JsonObject,
  { spec = {}, memory }: { spec?: Partial<PolicySpec>; memory?: ReviewMemory } = {},
): ModifyResult | ModifyFailure {
  const rule = ruleOf({ tool: "x" }, { action: "modify", modify: [...operations] });
  const { policy, diagnostics } = compilePolicy(policyOf({ ...spec, rules: [rule] }), { hash });
  const compiled = policy?.rules[0]?.operations;
  if (compiled === undefined) throw new Error(JSON.stringify(diagnostics));
  return applyModify(compiled, args, memory);
}

const args = { note: "jane@corp.com, joe@corp.com, jane@corp.com", phone: 4155552671, ssn: "536-32-1234" };

describe("redact", () => {
  it.each<[ModifyOperation["as"] & string, JsonObject]>([
    [
      "replace",
      { note: "<EMAIL_ADDRESS>, <EMAIL_ADDRESS>, <EMAIL_ADDRESS>", phone: "<PHONE_NUMBER>", ssn: "<US_SSN>" },
    ],
    ["mask", { note: "****@***p.com, ***@***p.com, ****@***p.com", phone: "******2671", ssn: "***-**-1234" }],
    ["remove", { note: ", , ", phone: "", ssn: "" }],
    [
      "number",
      {
        note: "<EMAIL_ADDRESS_1>, <EMAIL_ADDRESS_2>, <EMAIL_ADDRESS_1>",
        phone: "<PHONE_NUMBER_1>",
        ssn: "<US_SSN_1>",
      },
    ],
    [
      "hash",
      {
        note: expect.stringMatching(/^<EMAIL_ADDRESS:[0-9a-f]{64}>, /) as unknown as string,
        phone: `<PHONE_NUMBER:${hash("4155552671")}>`,
        ssn: `<US_SSN:${hash("536-32-1234")}>`,
      },
    ],
  ])("as %s", (as, expected) => {
    expect(apply([{ redact: "args", as }], args)).toEqual({ args: expected, changed: true });
  });

  it("keeps as many characters as it is told, never more than half", () => {
    expect(apply([{ redact: "args.ssn", as: "mask", keepLast: 0 }], args)).toMatchObject({
      args: { ssn: "***-**-****" },
    });
    expect(apply([{ redact: "args.ssn", as: "mask", keepLast: 2 }], args)).toMatchObject({
      args: { ssn: "***-**-**34" },
    });
    expect(apply([{ redact: "args.ssn", as: "mask", keepLast: 32 }], args)).toMatchObject({
      args: { ssn: "***-**-1234" },
    });
  });

  it("takes the name a value stands under for context, as a scan of the whole would", () => {
    expect(apply([{ redact: "args.phone" }], args)).toMatchObject({ args: { phone: "<PHONE_NUMBER>" } });
    expect(apply([{ redact: "args.list[*].phone" }], { list: [{ phone: 4155552671 }, { order: 4155552671 }] })).toEqual(
      {
        args: { list: [{ phone: "<PHONE_NUMBER>" }, { order: 4155552671 }] },
        changed: true,
      },
    );
  });

  it("looks for secrets when asked, for single ones of either family, and for the policy's own", () => {
    const both = { text: "password=hunter2!x of jane@corp.com, badge B-123456" };
    const text = (operation: Partial<ModifyOperation>, spec: Partial<PolicySpec> = {}): unknown => {
      const result = apply([{ redact: "args.text", ...operation }], both, { spec });
      return "args" in result ? result.args["text"] : result;
    };
    const detection = { entities: [{ name: "BADGE_ID", patterns: ["B-[0-9]{6}"] }] };
    expect(text({})).toBe("password=hunter2!x of <EMAIL_ADDRESS>, badge B-123456");
    expect(text({ secrets: true })).toBe("password=<PASSWORD> of <EMAIL_ADDRESS>, badge B-123456");
    expect(text({ secrets: true, entities: ["US_SSN"] })).toBe("password=<PASSWORD> of jane@corp.com, badge B-123456");
    expect(text({ entities: ["PASSWORD"] })).toBe("password=<PASSWORD> of jane@corp.com, badge B-123456");
    expect(text({}, { detection })).toBe("password=hunter2!x of <EMAIL_ADDRESS>, badge <BADGE_ID>");
    expect(text({ entities: ["BADGE_ID", "PASSWORD"] }, { detection })).toBe(
      "password=<PASSWORD> of jane@corp.com, badge <BADGE_ID>",
    );
  });

  it("replaces a secret as a whole, also where a part of it looks personal", () => {
    const result = apply([{ redact: "args.url", secrets: true }], { url: "postgres://jane:s3cr3t!pw@db.corp.com/x" });
    expect(result).toMatchObject({ args: { url: "postgres://jane:<CONNECTION_STRING>@db.corp.com/x" } });
  });

  it("numbers stay the same over operations, fields and passes of a review, and begin anew with the next", () => {
    const memory = new ReviewMemory();
    const operations = [
      { redact: "args.a", as: "number" },
      { redact: "args.b", as: "number" },
    ] as const;
    const values = { a: "to jane@corp.com", b: "from joe@corp.com, cc jane@corp.com" };
    const numbered = { a: "to <EMAIL_ADDRESS_1>", b: "from <EMAIL_ADDRESS_2>, cc <EMAIL_ADDRESS_1>" };
    expect(apply(operations, values, { memory })).toEqual({ args: numbered, changed: true });
    expect(apply(operations, numbered, { memory })).toEqual({ args: numbered, changed: false });
    expect(apply(operations, { a: "joe@corp.com", b: "" }, { memory })).toMatchObject({
      args: { a: "<EMAIL_ADDRESS_2>" },
    });
    expect(apply(operations, { a: "joe@corp.com", b: "" })).toMatchObject({ args: { a: "<EMAIL_ADDRESS_1>" } });
  });

  it("leaves a JSON document in a text valid", () => {
    const body = JSON.stringify({ phone: 4155552671, "e-mail": 'jane@corp.com "x"', password: "hunter2!x" });
    for (const as of redactions) {
      const result = apply([{ redact: "args.body", secrets: true, as }], { body });
      if ("error" in result) throw new Error(result.error);
      expect(typeof (JSON.parse(result.args["body"] as string) as JsonObject)["phone"]).toBe("string");
    }
  });
});

const piece = fc.constantFrom(
  "jane@corp.com",
  "415-555-2671",
  "4539 1488 0343 6467",
  "536-32-1234",
  "DE89370400440532013000",
  "203.0.113.9",
  "4155552671",
  "phone",
  "card",
  "password=",
  "hunter2!x",
  "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
  "B-123456",
  "postgres://u:p4ss!w0rd@h.corp.com/d",
  "<PHONE_NUMBER>",
  ": ",
  "=",
  " ",
  ", ",
  '"',
  "\n",
  "-",
  "\u{1F600}",
);
const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
const value: fc.Arbitrary<JsonObject[string]> = fc.oneof(
  text,
  fc.constantFrom<number>(4155552671, 12, 536321234),
  fc.array(text, { maxLength: 3 }),
  fc
    .dictionary(fc.constantFrom("phone", "note", "password", "__proto__"), text, { maxKeys: 3 })
    .map((made) => JSON.parse(JSON.stringify(made)) as JsonObject),
);

describe("whatever it is", () => {
  const detection = { entities: [{ name: "BADGE_ID", patterns: ["B-[0-9]{6}"] }] };
  const detectors = [
    compileDetector({ family: "secret" }),
    compileDetector({ family: "pii", custom: [{ type: "BADGE_ID", patterns: ["B-[0-9]{6}"] }] }),
  ];

  it.each(redactions)("after %s a second scan of it is clean, and applying it again changes nothing", (as) => {
    const operations = [{ redact: "args.x", secrets: true, as }];
    fc.assert(
      fc.property(value, (x) => {
        const memory = new ReviewMemory();
        const result = apply(operations, { x }, { spec: { detection }, memory });
        if ("error" in result) throw new Error(result.error);
        for (const detector of detectors) expect(detector.any(result.args["x"], "x")).toBe(false);
        expect(JSON.parse(JSON.stringify(result.args))).toEqual(result.args);
        expect(apply(operations, result.args, { spec: { detection }, memory })).toEqual({
          args: result.args,
          changed: false,
        });
      }),
      { numRuns: 150 },
    );
  });
});
