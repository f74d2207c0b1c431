import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../", import.meta.url));

async function pages(): Promise<string[]> {
  const inDocs = (await readdir(join(root, "docs"), { recursive: true })).map((file) => `docs/${file}`);
  const atTop = await readdir(root);
  return [...atTop, ...inDocs].filter((file) => file.endsWith(".md"));
}

/** The name GitHub gives a heading. */
function anchor(heading: string): string {
  const words = heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "");
  return words.replaceAll(/\s/g, "-");
}

function anchors(text: string): Set<string> {
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => anchor(heading));
  const named = [...text.matchAll(/<a (?:id|name)="([^"]+)"/g)].map(([, name = ""]) => name);
  return new Set([...headings, ...named]);
}

/** Links of a page that lead to a file or a heading that is not there. */
async function broken(page: string): Promise<string[]> {
  const text = (await readFile(join(root, page), "utf8")).replaceAll(/```[\s\S]*?```|`[^`\n]*`/g, "");
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
  const missing: string[] = [];
  for (const target of targets.filter((one) => !/^[a-z]+:/.test(one))) {
    const [file = "", heading] = target.split("#");
    const path = file === "" ? join(root, page) : join(root, dirname(page), file);
    const there = existsSync(path);
    const marked = heading === undefined || (there && anchors(await readFile(path, "utf8")).has(heading));
    if (!there || !marked) missing.push(target);
  }
  return missing;
}

describe("the documentation", () => {
  it("has no link that leads nowhere", async () => {
    const found = await Promise.all((await pages()).map(async (page) => ({ page, missing: await broken(page) })));
    expect(found.length).toBeGreaterThan(10);
    expect(found.filter(({ missing }) => missing.length > 0)).toEqual([]);
  });

  it("lists every decision by its number and title", async () => {
    const folder = join(root, "docs/adr");
    const files = (await readdir(folder)).filter((file) => /^\d{4}-/.test(file)).sort();
    const list = await readFile(join(folder, "README.md"), "utf8");
    const titles = await Promise.all(
      files.map(async (file) => /^# (.*)$/m.exec(await readFile(join(folder, file), "utf8"))?.[1] ?? ""),
    );
    const expected = files.map((file, index) => `${(titles[index] ?? "").replace(". ", ". [")}](${file})`);
    expect(list.split("\n").filter((line) => /^\d+\. /.test(line))).toEqual(expected);
    expect(files.map((file) => Number(file.slice(0, 4)))).toEqual(files.map((_, index) => index + 1));
  });
});
