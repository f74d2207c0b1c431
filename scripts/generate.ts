import { crdFiles } from "./generate/crds.ts";
import packageFile from "../package.json" with { type: "json" };
import { openapiFile } from "./generate/openapi.ts";
import { referenceFiles } from "./generate/reference.ts";
import { staleFiles, writeFiles } from "./generate/files.ts";

/** Every generated file and its content; crds/, openapi.json and docs/reference/ come from core/api alone. */
export function generatedFiles(): ReadonlyMap<string, string> {
  return new Map([...crdFiles(), ["openapi.json", openapiFile(packageFile.version)], ...referenceFiles()]);
}

if (import.meta.main) {
  const files = generatedFiles();
  const stale = await staleFiles(files);
  await writeFiles(files);
  console.log(stale.length === 0 ? "All generated files were up to date." : `Written: ${stale.join(", ")}`);
}
