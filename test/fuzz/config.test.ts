import fc from "fast-check";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isRunlogError } from "#api";
import { loadServeSettings, serveConfig, type ServeSettings } from "../../cli/serve/options.ts";

/** Flags, variables and a file hold anything: they become settings within their limits, or are refused with a code. */
describe("any settings of serve", () => {
  let folder: string;
  let file: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "runlog-fuzz-"));
    file = join(folder, "runlog.yaml");
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  const valid = (settings: ServeSettings): void => {
    expect(settings.policies.length).toBeGreaterThan(0);
    expect(settings.port).toSatisfy((port: number) => Number.isInteger(port) && port >= 0 && port <= 65_535);
    expect(["full", "redacted", "digest"]).toContain(settings["runLog.storeArgs"]);
    expect(["buffered", "committed", "synced"]).toContain(settings["runLog.durability"]);
    expect(typeof settings["runLog.required"]).toBe("boolean");
    expect(settings["runLog.retention"]).toBeGreaterThanOrEqual(60_000);
    expect(settings["runLog.maxSize"]).toBeGreaterThanOrEqual(1_048_576);
    expect(settings["runs.maxActivePerAgent"]).toBeGreaterThanOrEqual(1);
    expect(settings["limits.rate"]).toBeGreaterThanOrEqual(0);
    expect(settings["limits.maxInFlight"]).toBeLessThanOrEqual(100_000);
    expect(settings.reload).toBeGreaterThanOrEqual(10);
    expect(Object.values(settings.labels).every((value) => typeof value === "string")).toBe(true);
  };
  /** Whether the settings were accepted. */
  const load = (args: readonly string[], env: Record<string, string>): boolean => {
    try {
      valid(loadServeSettings(args, env).settings);
      return true;
    } catch (error) {
      if (!isRunlogError(error)) throw error;
      expect(["RL_CONFIG", "RL_USAGE"]).toContain(error.code);
      expect(error.message).not.toBe("");
      return false;
    }
  };

  const known = serveConfig.describe();
  const value = fc.oneof(
    fc.constantFrom(
      "1",
      "0",
      "-1",
      "1s",
      "30d",
      "1e9",
      "2GiB",
      "true",
      "yes",
      "",
      "full",
      "json",
      "synced",
      "0.01",
      "a=b",
      "=b",
      "__proto__=x",
      "NaN",
      "99999999999999999999d",
      "1.5h",
      " 8181 ",
      "0x10",
    ),
    fc.string({ maxLength: 10 }),
  );
  const flag = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...known.map((one) => `--${one.flag}`)) },
    fc.constantFrom(
      "--",
      "-p",
      "-n",
      "-l",
      "--no-run-log-required",
      "--__proto__",
      "--constructor",
      "--=x",
      "-",
      "--policies=p",
    ),
    fc.string({ maxLength: 8 }),
  );
  const args = fc.array(
    fc.oneof(
      fc.tuple(flag, value),
      fc.tuple(flag, value).map(([one, to]) => [`${one}=${to}`]),
      flag.map((one) => [one]),
    ),
    { maxLength: 4 },
  );

  it("from flags", () => {
    fc.assert(
      fc.property(args, (parts) => {
        load(["--policies", "p", ...parts.flat()], {});
        load(parts.flat(), {});
      }),
      { numRuns: 500 },
    );
  });

  it("from variables", () => {
    const variable = fc.oneof(
      fc.constantFrom(...known.map((one) => one.env), "RUNLOG_X", "RUNLOG_", "RUNLOG_PORT"),
      fc.string({ maxLength: 8 }),
    );
    fc.assert(
      fc.property(fc.dictionary(variable, value, { maxKeys: 4 }), (env) => {
        load(["--policies", "p"], env);
      }),
      { numRuns: 500 },
    );
  });

  const yaml = (text: string | Uint8Array): boolean => {
    writeFileSync(file, text);
    return load(["--policies", "p", "--config", file], {});
  };

  it("from a file of any bytes", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.string({ unit: "binary", maxLength: 60 })),
        (bytes) => {
          yaml(bytes);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("from a file that is nearly right", () => {
    const key = fc.oneof(
      fc.constantFrom(...known.flatMap((one) => [one.key, one.key.split(".")[0] ?? ""])),
      fc.constantFrom("__proto__", "constructor", "config", "&a x", "<<", "runLog"),
    );
    const content = fc.oneof(
      value,
      fc.jsonValue({ maxDepth: 2 }).map((json) => JSON.stringify(json)),
      fc
        .tuple(fc.constantFrom("storeArgs", "rate", "cert", "durability", "x"), value)
        .map(([name, to]) => `{ ${name}: ${to} }`),
      fc.constantFrom("*a", "!!binary aGk=", "[", "{", "|\n  x", "~", ".inf"),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(key, content), { maxLength: 4 }), (entries) => {
        yaml(entries.map(([name, to]) => `${name}: ${to}\n`).join(""));
      }),
      { numRuns: 500 },
    );
  });

  it("accepts what is right in each place", () => {
    expect(yaml("port: 0\nrunLog: { storeArgs: digest, retention: 7d }\nlimits: { rate: 10 }\n")).toBe(true);
    expect(load(["--policies", "p", "--port", "0"], { RUNLOG_LIMITS_RATE: "7" })).toBe(true);
    expect(load(["--policies", "p", "--port", "65536"], {})).toBe(false);
  });
});
