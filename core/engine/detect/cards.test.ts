import { describe, expect, it } from "vitest";
import { finder } from "./testing.ts";

const found = finder();

describe("card numbers", () => {
  it.each([
    "4012888888881881",
    "4012-8888-8888-1881",
    "4012 8888 8888 1881",
    "3782 822463 10005",
    "30569309025904",
    "3056 930902 5904",
    "2223003122003222",
    "6011000400000000",
    "3528000700000000",
    "6759649826438453",
    "5019717010103742",
  ])("%s", (number) => {
    expect(found(`paid with ${number}, thanks`)).toEqual([`CREDIT_CARD ${number}`]);
  });

  it("tells three that are separated by spaces apart", () => {
    expect(found("4012888888881881 4012-8888-8888-1881 4012 8888 8888 1881")).toHaveLength(3);
  });

  it.each([
    "4012888888881882",
    "1748503543012",
    "0000 0000 0000 0000",
    "4444 4444 4444 4448x",
    "id=4539148803436467",
    '{"trace_id":"4539148803436467"}',
    "1700000000000",
    "9780306406157",
    "4539148803436467.25",
    "$4539148803436467",
    "a4539148803436467",
  ])("leaves %s alone", (text) => {
    expect(found(text)).toEqual([]);
  });

  it("believes the word card even where the number alone would not do", () => {
    expect(found("4222222222222")).toEqual([]);
    expect(found("card 4222222222222")).toEqual(["CREDIT_CARD 4222222222222"]);
  });

  it("leaves published test numbers alone only when asked to", () => {
    expect(found("4111 1111 1111 1111")).toHaveLength(1);
    const lenient = finder({ allowTestValues: true });
    expect(lenient("4111 1111 1111 1111")).toEqual([]);
    expect(lenient("4539 1488 0343 6467")).toHaveLength(1);
  });
});
