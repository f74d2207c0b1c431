/** Bundles the program into dist/: one file for the command, one for each worker thread, which esbuild does not follow by itself. */
import { chmod, cp, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../", import.meta.url));
const banner =
  "import { createRequire as bundleRequire } from 'node:module'; const require = bundleRequire(import.meta.url);";

await rm(`${root}dist`, { recursive: true, force: true });
const result = await build({
  absWorkingDir: root,
  entryPoints: {
    runlog: "cli/main.ts",
    "storage-writer": "platform/storage/storage-writer.ts",
    "storage-reader": "platform/storage/storage-reader.ts",
  },
  outdir: "dist",
  bundle: true,
  splitting: true,
  chunkNames: "[name]-[hash]",
  platform: "node",
  format: "esm",
  target: "node26",
  banner: { js: banner },
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
});
await cp(`${root}openapi.json`, `${root}dist/openapi.json`);
await chmod(`${root}dist/runlog.js`, 0o755);
const bytes = Object.values(result.metafile.outputs).reduce((sum, output) => sum + output.bytes, 0);
console.log(`dist: ${Object.keys(result.metafile.outputs).length} files, ${(bytes / 1e6).toFixed(1)} MB`);
