import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import { messageOf, RunlogError } from "#api";
import type { Logger } from "#telemetry";

export interface TlsFiles {
  /** Certificate chain, PEM. */
  readonly certFile: string;
  readonly keyFile: string;
  /** With it, every caller must show a certificate that one of these signed. */
  readonly caFile?: string | undefined;
  /** Milliseconds between looks at the files; 10 000. Mounted Secrets change by a swap of links that file watchers miss. */
  readonly pollMs?: number | undefined;
}

export interface WatchedTls {
  readonly context: SecureContextOptions;
  readonly wantsClientCertificate: boolean;
  /** Begins to look; `apply` gets every new pair that fits. Kept connections stay as they are. */
  start(apply: (context: SecureContextOptions) => void): void;
  stop(): void;
}

export interface TlsHooks {
  readonly log: Logger;
  /** Seconds since the epoch, of the certificate in use. */
  readonly onExpiry: (at: number) => void;
}

interface Loaded {
  readonly context: SecureContextOptions;
  readonly bytes: Buffer;
  readonly expires: number;
}

/** Loads certificate and key and reloads them when they change; a pair that does not fit leaves the old one in use. Throws RL_CONFIG at first. */
export async function watchTls(files: TlsFiles, { log, onExpiry }: TlsHooks): Promise<WatchedTls> {
  let current = await load(files);
  onExpiry(current.expires);
  let timer: NodeJS.Timeout | undefined;
  let looking = false;
  let complaint = "";
  const look = async (apply: (context: SecureContextOptions) => void): Promise<void> => {
    try {
      const next = await load(files);
      if (next.bytes.equals(current.bytes)) return;
      apply(next.context);
      current = next;
      complaint = "";
      onExpiry(next.expires);
      log.info({ file: files.certFile, expires: new Date(next.expires * 1_000) }, "the certificate was reloaded");
    } catch (error) {
      // Said once, not at every look.
      if (complaint !== messageOf(error))
        log.error({ err: error }, "the new certificate cannot be used; the old one stays");
      complaint = messageOf(error);
    }
  };
  return {
    context: current.context,
    wantsClientCertificate: files.caFile !== undefined,
    start(apply) {
      timer = setInterval(() => {
        if (looking) return;
        looking = true;
        void look(apply).finally(() => {
          looking = false;
        });
      }, files.pollMs ?? 10_000);
      timer.unref();
    },
    stop: () => clearInterval(timer),
  };
}

async function load({ certFile, keyFile, caFile }: TlsFiles): Promise<Loaded> {
  try {
    const [cert, key] = await Promise.all([readFile(certFile), readFile(keyFile)]);
    const ca = caFile === undefined ? undefined : await readFile(caFile);
    const context = { cert, key, ...(ca === undefined ? {} : { ca }), minVersion: "TLSv1.2" } as const;
    createSecureContext(context);
    const expires = Date.parse(new X509Certificate(cert).validTo) / 1_000;
    const parts = [cert, key, ca ?? Buffer.alloc(0)];
    return { context, expires, bytes: Buffer.concat(parts.flatMap((part) => [Buffer.from(`${part.length} `), part])) };
  } catch (error) {
    const names = [certFile, keyFile, caFile].filter((file) => file !== undefined).join(", ");
    throw new RunlogError("RL_CONFIG", `TLS files ${names}: ${messageOf(error)}`, { cause: error });
  }
}
