import { describe, expect, it } from "vitest";
import { counterFamily, histogramFamily } from "./hot-metrics.ts";
import { createRegistry } from "./registry.ts";

describe("hot metrics", () => {
  it("show up in the scrape like any other metric", async () => {
    const registry = createRegistry();
    const decisions = counterFamily({
      registry,
      name: "decisions_total",
      help: "d",
      labels: ["decision", "namespace"],
    });
    decisions.child("deny", 'a"b\n').inc();
    decisions.child("deny", 'a"b\n').inc(2);
    const seconds = histogramFamily({ registry, name: "seconds", help: "s", labels: [], buckets: [0.1, 1] });
    for (const value of [0.1, 0.5, 2]) seconds.child().observe(value);
    const text = await registry.metrics();
    expect(text).toContain('decisions_total{decision="deny",namespace="a\\"b\\n"} 3');
    expect(text).toContain("# TYPE seconds histogram");
    expect(text).toContain('seconds_bucket{le="0.1"} 1');
    expect(text).toContain('seconds_bucket{le="1"} 2');
    expect(text).toContain('seconds_bucket{le="+Inf"} 3');
    expect(text).toContain("seconds_sum 2.6");
    expect(text).toContain("seconds_count 3");
  });

  it("count what comes beyond the bound under other", async () => {
    const registry = createRegistry();
    const tools = counterFamily({ registry, name: "tools_total", help: "t", labels: ["tool"], maxSeries: 2 });
    for (const tool of ["a", "b", "c", "d", "a"]) tools.child(tool).inc();
    const text = await registry.metrics();
    expect(text).toContain('tools_total{tool="a"} 2');
    expect(text).toContain('tools_total{tool="other"} 2');
    expect(text).not.toContain('tool="c"');
  });
});
