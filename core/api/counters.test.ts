import { expect, it } from "vitest";
import { counterRef } from "./counters.ts";

it("gives equal counters the same key, and different ones different keys", () => {
  const day = counterRef({ metric: "cost", span: "day", per: "agent", zone: "UTC" });
  expect(counterRef({ per: "agent", zone: "UTC", span: "day", metric: "cost" }).key).toBe(day.key);
  const others = [
    counterRef({ metric: "tokens", span: "day", per: "agent", zone: "UTC" }),
    counterRef({ metric: "cost", span: "month", per: "agent", zone: "UTC" }),
    counterRef({ metric: "cost", span: "day", per: "user", zone: "UTC" }),
    counterRef({ metric: "cost", span: "day", per: "agent", zone: "Europe/Berlin" }),
    counterRef({ metric: "calls", span: "window", per: "agent", windowMs: 1000 }),
    counterRef({ metric: "calls", span: "window", per: "agent", windowMs: 1000, tool: "a" }),
  ];
  expect(new Set([day, ...others].map((ref) => ref.key)).size).toBe(7);
});
