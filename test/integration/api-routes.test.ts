import { apiRoutes } from "#webhook";
import { expect, it } from "vitest";
import { doors } from "../../scripts/generate/openapi-doors.ts";

it("describes in openapi.json every door that is served, and no other", () => {
  // Routes are built without calling anything; what they would call does not matter here.
  const served = apiRoutes({} as never).map(({ method, path }) => `${method} ${path}`);
  const described = doors
    .filter((door) => door.tag !== "Process")
    .map((door) => `${door.method.toUpperCase()} ${door.path.replaceAll(/\{(\w+)\}/g, ":$1")}`);
  expect(described.sort()).toEqual(served.sort());
});
