import { expect, it } from "vitest";
import { jsonPointer } from "./pointer.ts";

it.each([
  [[], ""],
  [["a", 0, "b"], "/a/0/b"],
  [["a/b", "m~n", ""], "/a~1b/m~0n/"],
])("writes %j as %j", (path, pointer) => expect(jsonPointer(path)).toBe(pointer));
