import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { messageOf, RunlogError } from "#api";
import type { Logger } from "#telemetry";

export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  /** Milliseconds between looks at the files; 10 000. Mounted Secrets change by a swap of links that file watchers miss. */
  readonly pollMs?: number | undefined;
}

interface TlsContext {
  readonly cert: Buffer;
  readonly key: Buffer;
}

export interface WatchedTls {
  readonly context: TlsContext;
  start(apply: (context: TlsContext) => void): void;
  stop(): void;
}

/** Loads certificate and key and reloads them when they change; a pair that does not fit leaves the old one in use. Throws RL_CONFIG at first. */
export async function watchTls(files: TlsFiles, log: Logger): Promise<WatchedTls> {
  let current = await load(files);
  let timer: NodeJS.Timeout | undefined;
  return {
    context: current,
    start(apply) {
      const look = async (): Promise<void> => {
        try {
          const next = await load(files);
          if (next.cert.equals(current.cert) && next.key.equals(current.key)) return;
          apply(next);
          current = next;
          log.info({ file: files.certFile }, "the certificate was reloaded");
        } catch (error) {
          log.error({ err: error }, "the new certificate cannot be used; the old one stays");
        }
      };
      timer = setInterval(() => void look(), files.pollMs ?? 10_000);
      timer.unref();
    },
    stop: () => clearInterval(timer),
  };
}

async function load({ certFile, keyFile }: TlsFiles): Promise<TlsContext> {
  try {
    const [cert, key] = await Promise.all([readFile(certFile), readFile(keyFile)]);
    createSecureContext({ cert, key });
    return { cert, key };
  } catch (error) {
    throw new RunlogError("RL_CONFIG", `TLS files ${certFile} and ${keyFile}: ${messageOf(error)}`, { cause: error });
  }
}
