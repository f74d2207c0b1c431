import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface SmallDisk {
  readonly path: string;
  /** Gives it room again. */
  free(): Promise<void>;
  unmount(): Promise<void>;
}

/** A file system of so many MiB, in memory. Undefined where mounting is not permitted. */
export async function mountSmall(mebibytes: number): Promise<SmallDisk | undefined> {
  const path = await mkdtemp(join(tmpdir(), "runlog-disk-"));
  try {
    await run("mount", ["-t", "tmpfs", "-o", `size=${mebibytes}m`, "tmpfs", path]);
  } catch {
    await rm(path, { recursive: true });
    return undefined;
  }
  await writeFile(join(path, ".mounted"), "");
  return {
    path,
    free: async () => void (await run("mount", ["-o", `remount,size=${mebibytes * 8}m`, path])),
    async unmount() {
      await run("umount", ["-l", path]);
      await rm(path, { recursive: true, force: true });
    },
  };
}
