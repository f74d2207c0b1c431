import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import packageFile from "../package.json" with { type: "json" };
import { rooms } from "./rooms.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const names = Object.keys(rooms);
const entries = Object.entries(rooms);

/** Folders below `path` that hold at least one file, at any depth, relative to it. */
async function foldersIn(path: string): Promise<string[]> {
  const found = await readdir(join(root, path), { recursive: true, withFileTypes: true });
  const parents = found
    .filter((entry) => entry.isFile())
    .map((entry) => entry.parentPath.slice(join(root, path).length + 1));
  return [...new Set(parents.filter((parent) => parent !== ""))];
}

async function rowsOfArchitecture(): Promise<ReadonlyMap<string, { floor: string; path: string; may: string }>> {
  const text = await readFile(join(root, "docs/architecture.md"), "utf8");
  const rows = new Map<string, { floor: string; path: string; may: string }>();
  let floor = "";
  for (const line of text.split("\n")) {
    floor = /^\| \*\*(\w+)\*\* \|/.exec(line)?.[1] ?? floor;
    const [, name = "", path = "", may = ""] = /^\| `#?(\w+)` \| `([\w/]+)\/` \|.*\| ([^|]*) \|$/.exec(line) ?? [];
    if (name !== "") rows.set(name, { floor, path, may });
  }
  return rows;
}

describe("the rooms", () => {
  it("are entered by the names in package.json, and by no others", () => {
    const entered = names.filter((name) => entries.some(([, room]) => room.may.includes(name)));
    const doors = entered.flatMap((name) => {
      const { path, sideDoors = [] } = rooms[name] ?? { path: "" };
      return [
        [`#${name}`, `./${path}/index.ts`],
        ...sideDoors.map((door) => [`#${name}/${door}`, `./${path}/${door}/index.ts`]),
      ];
    });
    expect(packageFile.imports).toEqual(Object.fromEntries(doors));
  });

  it("have the doors that package.json names", () => {
    for (const door of Object.values(packageFile.imports)) expect(existsSync(join(root, door)), door).toBe(true);
  });

  it("know each other, and nobody enters a room that leads back", () => {
    const reach = (name: string, seen: ReadonlySet<string>): void => {
      expect(names, name).toContain(name);
      expect([...seen], `${[...seen, name].join(" -> ")}`).not.toContain(name);
      for (const next of rooms[name]?.may ?? []) reach(next, new Set([...seen, name]));
    };
    for (const name of names) reach(name, new Set());
  });

  it("lie on floors: arrows never point up, but everybody may use api, which uses nobody", () => {
    const height = { programs: 2, core: 1, platform: 0 };
    expect(rooms["api"]?.may).toEqual([]);
    for (const [name, { floor, may }] of entries) {
      for (const other of may.filter((one) => one !== "api")) {
        expect(height[rooms[other]?.floor ?? "programs"], `${name} -> ${other}`).toBeLessThanOrEqual(height[floor]);
      }
    }
  });

  it("are all the folders there are", async () => {
    for (const floor of ["core", "platform"] as const) {
      const folders = new Set((await foldersIn(floor)).map((folder) => `${floor}/${folder.split("/")[0]}`));
      expect([...folders].sort()).toEqual(
        entries
          .filter(([, room]) => room.floor === floor)
          .map(([, { path }]) => path)
          .sort(),
      );
    }
    for (const [name, room] of entries.filter(([, one]) => one.floor === "programs")) {
      expect(room.path).toBe(name);
      expect(existsSync(join(root, room.path))).toBe(true);
    }
  });

  it("hold no folder that bears a room's name", async () => {
    for (const { path } of Object.values(rooms)) {
      const inner = (await foldersIn(path)).flatMap((folder) => folder.split("/"));
      expect(
        inner.filter((folder) => names.includes(folder)),
        path,
      ).toEqual([]);
    }
  });

  it("stand in docs/architecture.md as they are", async () => {
    const rows = await rowsOfArchitecture();
    const written = [...rows].map(([name, { floor, path, may }]) => [
      name,
      { floor, path, may: may.split(" ").sort() },
    ]);
    const real = entries.map(([name, { floor, path, may }]) => [
      name,
      {
        floor,
        path,
        may: may.length === 0 ? ["nothing"] : may.length === names.length - 1 ? ["every", "room"] : [...may].sort(),
      },
    ]);
    expect(Object.fromEntries(written)).toEqual(Object.fromEntries(real));
  });
});
