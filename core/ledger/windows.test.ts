import { describe, expect, it } from "vitest";
import { toolMatcher } from "./glob.ts";
import { Windows } from "./windows.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe("windows", () => {
  it("a glob that is read for the first time sees what was there before, and what comes then", () => {
    const windows = new Windows(8);
    windows.add("mail.send", 10, 10);
    windows.add("mail.draft", 20, 20);
    windows.add("db.query", 30, 30);
    windows.add(undefined, 40, 40);
    expect(windows.count("mail.*", HOUR, 50)).toBe(2);
    expect(windows.count(undefined, HOUR, 50)).toBe(4);
    windows.add("mail.send", 60, 60);
    windows.remove("mail.draft", 20, 60);
    expect(windows.count("mail.*", HOUR, 60)).toBe(2);
    expect(windows.count("mail.send", HOUR, 60)).toBe(2);
    expect(windows.count("mail.draft", HOUR, 60)).toBe(0);
  });

  it("tools beyond the bound are counted for every glob, never for none", () => {
    const windows = new Windows(2);
    for (const [i, tool] of ["a", "b", "c", "d"].entries()) windows.add(tool, i, i);
    expect(windows.count("c", HOUR, 10)).toBe(2);
    expect(windows.count("a", HOUR, 10)).toBe(3);
    expect(windows.count("*", HOUR, 10)).toBe(4);
    windows.add("c", 20, 20);
    windows.add("d", 21, 21);
    expect(windows.count("c", HOUR, 30)).toBe(3);
  });

  it("forgets what no window sees, and tells tools apart again", () => {
    const windows = new Windows(1);
    windows.add("a", 0, 0);
    windows.add("b", 0, 0);
    expect(windows.prune(30 * DAY)).toBe(false);
    expect(windows.prune(32 * DAY)).toBe(true);
    windows.add("b", 32 * DAY, 32 * DAY);
    expect(windows.count("a", HOUR, 32 * DAY)).toBe(0);
  });

  it("reads right after hundreds of globs were read", () => {
    const windows = new Windows(8);
    windows.add("tool.7", 5, 5);
    for (let i = 0; i < 500; i++) expect(windows.count(`tool.${i}`, HOUR, 10 + i)).toBe(i === 7 ? 1 : 0);
    expect(windows.count("tool.7", HOUR, 600)).toBe(1);
  });

  it.each([
    ["mail.*", "mail.send", true],
    ["mail.*", "mail.", true],
    ["mail.*", "mail", false],
    ["*.refund", "stripe.refund", true],
    ["*.refund", "refund", false],
    ["a*b*c", "a-b-b-c", true],
    ["a*bc", "abc", true],
    ["ab*ba", "aba", false],
    ["mail.?end", "mail.send", true],
    ["mail.send", "mail.send2", false],
    ["**", "anything", true],
    ["a.c", "abc", false],
  ])("%s fits %s: %s", (glob, tool, fits) => {
    expect(toolMatcher(glob)(tool)).toBe(fits);
  });
});
