// Runs on whatever node starts npm, so it is plain JavaScript: says what to do where the locked runtime is missing.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const wanted = 26;
const major = Number(process.versions.node.split(".")[0]);
if (major < wanted) {
  const installed = existsSync(fileURLToPath(new URL("../node_modules/.bin/node", import.meta.url)));
  process.stderr.write(
    `RunLog needs Node ${wanted} or newer; this is ${process.version}.\n` +
      (installed
        ? "node_modules/.bin/node is there: start through npm (npm start, npm test) so that it is found first.\n"
        : "The locked runtime is not installed: npm skips an optional package that fails.\n" +
          "Run `npm ci` again, or put a Node 26 from https://nodejs.org first on PATH.\n"),
  );
  process.exit(2);
}
