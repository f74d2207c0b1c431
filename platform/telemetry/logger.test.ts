import { describe, expect, it } from "vitest";
import { createLogger } from "./logger.ts";

function captured(): { lines: Record<string, unknown>[]; destination: { write(line: string): void } } {
  const lines: Record<string, unknown>[] = [];
  return { lines, destination: { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) } };
}

describe("the logger", () => {
  it("writes one JSON object a line, without what hosts and processes are called", () => {
    const { lines, destination } = captured();
    createLogger({ destination }).info({ policy: "p" }, "changed");
    expect(lines).toEqual([{ level: 30, time: expect.stringMatching(/^\d{4}-.*Z$/), policy: "p", msg: "changed" }]);
  });

  it.each([
    ["token", { token: "s3cret" }],
    ["authorization", { headers: { authorization: "Bearer s3cret" } }],
    ["a password inside", { database: { password: "s3cret" } }],
  ])("never writes a credential: %s", (_, fields) => {
    const { lines, destination } = captured();
    createLogger({ destination }).error(fields, "failed");
    expect(lines).toHaveLength(1);
    expect(JSON.stringify(lines)).not.toContain("s3cret");
    expect(JSON.stringify(lines)).toContain("[redacted]");
  });

  it("keeps to its level", () => {
    const { lines, destination } = captured();
    const log = createLogger({ destination, level: "error" });
    log.warn("no");
    log.error("yes");
    expect(lines.map(({ msg }) => msg)).toEqual(["yes"]);
  });
});
