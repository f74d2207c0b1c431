import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { createRegistry } from "#telemetry";
import { afterAll, describe, expect, it } from "vitest";
import { makeCertificate, type KeyedCertificate } from "../../test/harness/self-signed.ts";
import { echo, eventually, serveRoutes } from "./http.fixture.ts";
import type { TlsFiles } from "./tls.ts";

const folder = mkdtempSync(join(tmpdir(), "runlog-tls-"));
afterAll(() => rmSync(folder, { recursive: true }));
const files: TlsFiles = { certFile: join(folder, "tls.crt"), keyFile: join(folder, "tls.key"), pollMs: 10 };

function write({ cert, key }: KeyedCertificate): void {
  writeFileSync(files.certFile, cert);
  writeFileSync(files.keyFile, key);
}

/** How a handshake without a good certificate ends depends on who notices first. */
const REFUSED = /alert|ECONNRESET|EPIPE|hang up/;

interface Answer {
  readonly status: number | undefined;
  readonly name: string;
  readonly port: number | undefined;
}

function call(port: number, agent: Agent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json" };
    const sent = request({ port, host: "localhost", path: "/v1/echo", method: "POST", headers, agent }, (response) => {
      const socket = response.socket as TLSSocket;
      const { subject } = socket.getPeerCertificate();
      const answer = { status: response.statusCode, name: String(subject.CN), port: socket.localPort };
      response.resume().on("end", () => resolve(answer));
    });
    sent.on("error", reject).end("1");
  });
}

describe("TLS", () => {
  it("takes a new certificate without dropping a kept connection", async () => {
    const [first, second] = [makeCertificate("first"), makeCertificate("second")];
    write(first);
    const metrics = createRegistry();
    const { port, logged, url } = await serveRoutes([echo], { tls: files, metrics });
    expect(url).toMatch(/^https:/);
    expect(await metrics.metrics()).toMatch(/runlog_cert_expiry_timestamp_seconds\{role="serving"\} \d{10}/);
    const kept = new Agent({ keepAlive: true, maxSockets: 1, ca: first.cert });
    const before = await call(port, kept);
    expect(before).toMatchObject({ status: 200, name: "first" });
    write(second);
    await eventually(() => logged.some(({ msg }) => msg === "the certificate was reloaded"));
    expect(await call(port, kept)).toEqual(before);
    expect(await call(port, new Agent({ ca: second.cert }))).toMatchObject({ status: 200, name: "second" });
    kept.destroy();
  });

  it("keeps the old one when the new pair does not fit, and says so once", async () => {
    const good = makeCertificate("good");
    write(good);
    const { port, logged } = await serveRoutes([echo], { tls: files });
    const complaints = (): number => logged.filter(({ msg }) => msg.includes("the old one stays")).length;
    writeFileSync(files.certFile, makeCertificate("other").cert);
    await eventually(() => complaints() === 1);
    expect(await call(port, new Agent({ ca: good.cert }))).toMatchObject({ name: "good" });
    const next = makeCertificate("next");
    write(next);
    await eventually(() => logged.some(({ msg }) => msg === "the certificate was reloaded"));
    expect(await call(port, new Agent({ ca: next.cert }))).toMatchObject({ name: "next" });
    expect(complaints()).toBeLessThanOrEqual(2);
  });

  it("does not start with files that cannot be used", async () => {
    writeFileSync(files.certFile, "nonsense");
    await expect(serveRoutes([echo], { tls: files })).rejects.toMatchObject({ code: "RL_CONFIG" });
    const missing = { ...files, keyFile: join(folder, "none") };
    await expect(serveRoutes([echo], { tls: missing })).rejects.toMatchObject({ code: "RL_CONFIG" });
  });

  it("asks for the caller's certificate when it has an authority for them", async () => {
    const authority = { ...makeCertificate("authority"), name: "authority" };
    const server = makeCertificate("server", authority);
    const stranger = makeCertificate("stranger");
    write(server);
    const caFile = join(folder, "ca.crt");
    writeFileSync(caFile, authority.cert);
    const { port } = await serveRoutes([echo], { tls: { ...files, caFile } });
    const ca = authority.cert;
    const known = makeCertificate("client", authority);
    expect(await call(port, new Agent({ ca, ...known }))).toMatchObject({ status: 200 });
    await expect(call(port, new Agent({ ca }))).rejects.toThrow(REFUSED);
    await expect(call(port, new Agent({ ca, ...stranger }))).rejects.toThrow(REFUSED);
  });

  it("refuses what is older than TLS 1.2", async () => {
    const { cert, key } = makeCertificate("server");
    write({ cert, key });
    const { port } = await serveRoutes([echo], { tls: files });
    const attempt = new Promise((resolve, reject) => {
      const options = { port, host: "localhost", ca: cert, minVersion: "TLSv1", maxVersion: "TLSv1.1" } as const;
      const socket = connect({ ...options, ciphers: "DEFAULT@SECLEVEL=0" }, () => resolve(socket.getProtocol()));
      socket.on("error", reject);
    });
    await expect(attempt).rejects.toThrow(/protocol version|unsupported/);
  });
});
