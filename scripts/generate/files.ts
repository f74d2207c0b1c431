import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const root = new URL("../../", import.meta.url);

function pathOf(file: string): string {
  return fileURLToPath(new URL(file, root));
}

/** Names of the files that are missing or differ from what would be generated. */
export async function staleFiles(files: ReadonlyMap<string, string>): Promise<string[]> {
  const stale: string[] = [];
  for (const [file, content] of files) {
    const found = await readFile(pathOf(file), "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
    if (found !== content) stale.push(file);
  }
  return stale;
}

export async function writeFiles(files: ReadonlyMap<string, string>): Promise<void> {
  for (const [file, content] of files) {
    await mkdir(dirname(pathOf(file)), { recursive: true });
    await writeFile(pathOf(file), content);
  }
}
