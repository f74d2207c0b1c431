import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rooms } from "./rooms.ts";

/** What each folder of test/fixtures/lint breaks. The folders are laid over an otherwise empty house, and linted there. */
const forbidden: Readonly<Record<string, string>> = {
  "back-door": "eslint(no-restricted-imports)",
  "back-door-of-side-door": "eslint(no-restricted-imports)",
  "side-door": "eslint(no-restricted-imports)",
  "arrow-up-value": "eslint(no-restricted-imports)",
  "arrow-up-type": "eslint(no-restricted-imports)",
  "arrow-up-dynamic": "eslint(no-restricted-imports)",
  "arrow-up-re-export": "eslint(no-restricted-imports)",
  "arrow-sideways": "eslint(no-restricted-imports)",
  "arrow-to-program": "eslint(no-restricted-imports)",
  cycle: "import(no-cycle)",
  "cycle-of-types": "import(no-cycle)",
  "relative-in-core": "eslint(no-restricted-imports)",
  "relative-from-a-folder": "eslint(no-restricted-imports)",
  "relative-to-platform": "eslint(no-restricted-imports)",
  "relative-from-program": "eslint(no-restricted-imports)",
  "relative-to-program": "eslint(no-restricted-imports)",
  "pure-node": "eslint(no-restricted-imports)",
  "pure-package": "eslint(no-restricted-imports)",
  "pure-room": "eslint(no-restricted-imports)",
  "pure-clock": "eslint(no-restricted-globals)",
  "pure-new-date": "eslint(no-restricted-globals)",
  "pure-temporal": "eslint(no-restricted-globals)",
  "pure-random": "eslint(no-restricted-properties)",
  "pure-random-taken-apart": "eslint(no-restricted-properties)",
  "pure-global-this": "eslint(no-restricted-globals)",
  "pure-process": "eslint(no-restricted-globals)",
  "pure-fetch": "eslint(no-restricted-globals)",
  "pure-timer": "eslint(no-restricted-globals)",
  "floating-promise": "typescript(no-floating-promises)",
  "misused-promise": "typescript(no-misused-promises)",
  "await-of-no-promise": "typescript(await-thenable)",
  "switch-not-exhaustive": "typescript(switch-exhaustiveness-check)",
  "default-export": "import(no-default-export)",
  "any-type": "typescript(no-explicit-any)",
  "console-output": "eslint(no-console)",
  "file-name": "unicorn(filename-case)",
  "too-many-parameters": "eslint(max-params)",
  "too-complex": "eslint(complexity)",
  "test-without-assertion": "vitest(expect-expect)",
  "focused-test": "vitest(no-focused-tests)",
};

const root = fileURLToPath(new URL("../", import.meta.url));
const fixtures = join(root, "test/fixtures/lint");

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(join(fixtures, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(fixtures, folder).length + 1));
}

/** An empty house: every room with its doors, and the project's own configuration. */
async function build(house: string): Promise<void> {
  for (const file of ["oxlint.config.ts", "package.json", "tsconfig.json", "scripts/rooms.ts"]) {
    await cp(join(root, file), join(house, file));
  }
  await symlink(join(root, "node_modules"), join(house, "node_modules"));
  for (const { path, sideDoors = [] } of Object.values(rooms)) {
    for (const door of ["index.ts", ...sideDoors.map((name) => `${name}/index.ts`)]) {
      await mkdir(dirname(join(house, path, door)), { recursive: true });
      await writeFile(join(house, path, door), 'export const name = "room";\n');
    }
  }
  for (const folder of await readdir(fixtures)) await cp(join(fixtures, folder), house, { recursive: true });
}

interface Diagnostic {
  readonly code: string;
  readonly filename: string;
}

async function lint(house: string): Promise<readonly Diagnostic[]> {
  const oxlint = join(root, "node_modules/oxlint/bin/oxlint");
  const stdout = await new Promise<string>((resolve) => {
    const options = { cwd: house, maxBuffer: 16_777_216 };
    execFile(process.execPath, [oxlint, "--type-aware", "--format=json", "."], options, (_, out) => resolve(out));
  });
  return (JSON.parse(stdout) as { diagnostics: readonly Diagnostic[] }).diagnostics;
}

describe("the lint configuration", () => {
  let house = "";
  let found: ReadonlyMap<string, ReadonlySet<string>> = new Map();

  beforeAll(async () => {
    house = await mkdtemp(join(tmpdir(), "runlog-lint-"));
    await build(house);
    const diagnostics = await lint(house);
    found = new Map(
      [...Map.groupBy(diagnostics, ({ filename }) => filename)].map(([file, list]) => [
        file,
        new Set(list.map(({ code }) => code)),
      ]),
    );
  }, 120_000);
  afterAll(async () => rm(house, { recursive: true, force: true }));

  it("has a fixture for every forbidden kind, and a kind for every fixture", async () => {
    expect((await readdir(fixtures)).sort()).toEqual([...Object.keys(forbidden), "allowed"].sort());
  });

  it.each(Object.entries(forbidden))("refuses %s by %s, and by nothing else", async (folder, rule) => {
    const files = await filesOf(folder);
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) expect([...(found.get(file) ?? [])], file).toEqual([rule]);
  });

  it("lets through what is allowed, and an empty house", async () => {
    const broken = new Set((await Promise.all(Object.keys(forbidden).map(filesOf))).flat());
    expect([...found.keys()].filter((file) => !broken.has(file))).toEqual([]);
  });
});
