import { readFileSync } from "node:fs";
import type { Route } from "#http";

/** `/openapi.json`, the generated document that is shipped beside the program. */
export function openApiDocument(): Route {
  const bundled = !import.meta.url.endsWith(".ts");
  const text = readFileSync(new URL(bundled ? "./openapi.json" : "../../openapi.json", import.meta.url), "utf8");
  return { method: "GET", path: "/openapi.json", handle: () => ({ status: 200, body: text }) };
}
