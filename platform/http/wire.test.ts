import { describe, expect, it } from "vitest";
import { echo, eventually, heldRoute, post, RawPeer, serveRoutes } from "./http.fixture.ts";

const quick = { headers: 200, request: 300, check: 30 };
const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const head = (...headers: readonly string[]): string =>
  `POST /v1/echo HTTP/1.1\r\nHost: localhost\r\n${headers.map((header) => `${header}\r\n`).join("")}\r\n`;
const JSON_TYPE = "Content-Type: application/json";

describe("bodies", () => {
  it("are text, whatever chunks they come in", async () => {
    const { port } = await serveRoutes([echo]);
    const peer = new RawPeer(port).send(head(JSON_TYPE, "Transfer-Encoding: chunked", "Connection: close"));
    const euro = Buffer.from('"€"');
    peer.send(`2\r\n`).send(euro.subarray(0, 2)).send("\r\n3\r\n").send(euro.subarray(2)).send("\r\n0\r\n\r\n");
    const text = await peer.end();
    expect(Buffer.from(text, "latin1").toString("utf8")).toContain('"\\"€\\""');
  });

  it.each([
    ["gzip", "415", [JSON_TYPE, "Content-Encoding: gzip", "Content-Length: 2"]],
    ["a form", "415", ["Content-Type: application/x-www-form-urlencoded", "Content-Length: 2"]],
    ["text, as a web page may send without asking", "415", ["Content-Type: text/plain", "Content-Length: 2"]],
    ["no type", "415", ["Content-Length: 2"]],
    ["another charset", "415", ["Content-Type: application/json; charset=latin1", "Content-Length: 2"]],
    ["JSON with charset", "200", ['Content-Type: application/json; charset="UTF-8"', "Content-Length: 2"]],
    ["a +json type", "200", ["Content-Type: application/vnd.runlog+json", "Content-Length: 2"]],
    ["encoding identity", "200", [JSON_TYPE, "Content-Encoding: identity", "Content-Length: 2"]],
  ])("with %s: %s", async (_, status, headers) => {
    const { port } = await serveRoutes([echo]);
    const text = await new RawPeer(port).send(`${head(...headers, "Connection: close")}{}`).end();
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  it.each([
    ["a cut sequence", [0x22, 0xe2, 0x82, 0x22]],
    ["a surrogate", [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ["an overlong slash", [0x22, 0xc0, 0xaf, 0x22]],
  ])("that are not UTF-8 (%s) are refused", async (_, bytes) => {
    const { port } = await serveRoutes([echo]);
    const peer = new RawPeer(port).send(head(JSON_TYPE, `Content-Length: ${bytes.length}`, "Connection: close"));
    const text = await peer.send(Buffer.from(bytes)).end();
    expect(text).toContain("400 Bad Request");
    expect(text).toContain("RL_BAD_UTF8");
  });

  it("over the limit are refused by their announced length, before a byte is read", async () => {
    const { port, shedding } = await serveRoutes([echo], { maxBody: 100_000 });
    const peer = new RawPeer(port).send(head(JSON_TYPE, "Content-Length: 100001"));
    const text = await peer.until((seen) => seen.endsWith("}"));
    expect(text).toContain("413 ");
    expect(text).toContain("RL_BODY_TOO_LARGE");
    expect(text).toContain("Connection: close");
    expect(shedding.inFlight).toBe(0);
    // Who goes on sending is listened to, and can read the answer.
    await peer.send(Buffer.alloc(100_001, 0x20)).end();
  });

  it("over the limit in chunks are refused when they pass it", async () => {
    const { port } = await serveRoutes([echo], { maxBody: 1_000 });
    const peer = new RawPeer(port).send(head(JSON_TYPE, "Transfer-Encoding: chunked")).send(chunk("x".repeat(600)));
    peer.send(chunk("x".repeat(600)));
    const text = await peer.until((seen) => seen.endsWith("}"));
    expect(text).toContain("413 ");
    peer.send(chunk("x".repeat(600))).send("0\r\n\r\n");
    await peer.end();
    expect(peer.text.match(/HTTP\/1.1/g)).toHaveLength(1);
  });

  it("of exactly the limit are taken", async () => {
    const { port } = await serveRoutes([echo], { maxBody: 1_000 });
    const text = await new RawPeer(port).send(post("/v1/echo", "x".repeat(1_000), { Connection: "close" })).end();
    expect(text).toContain("200 OK");
  });

  it("that come too slowly are answered 408, and their place is free again", async () => {
    const { port, shedding } = await serveRoutes([echo], { timeouts: quick });
    const peer = new RawPeer(port).send(head(JSON_TYPE, "Content-Length: 100")).send('{"a":');
    await eventually(() => shedding.inFlight === 1);
    expect(await peer.end()).toContain("408 Request Timeout");
    await eventually(() => shedding.inFlight === 0);
  });

  it("that are cut off free their place", async () => {
    const { port, shedding, logged } = await serveRoutes([echo]);
    const peer = new RawPeer(port).send(head(JSON_TYPE, "Content-Length: 100")).send('{"a":');
    await eventually(() => shedding.inFlight === 1);
    peer.hangUp();
    await eventually(() => shedding.inFlight === 0);
    expect(logged).toEqual([]);
  });
});

describe("a small body that is not wanted", () => {
  it("is read away, and the connection lives on", async () => {
    const held = heldRoute();
    const { port, shedding } = await serveRoutes([held.route, echo], { maxInFlight: 1 });
    const busy = new RawPeer(port).send(post("/v1/held", "{}"));
    await eventually(() => shedding.inFlight === 1);
    const peer = new RawPeer(port).send(post("/v1/echo", "1"));
    await peer.until((text) => text.includes("RL_SATURATED") && text.endsWith("}"));
    expect(peer.text).toContain("Retry-After: 1\r\n");
    held.answer();
    await busy.until((text) => text.includes('"held"'));
    peer.send(post("/v1/echo", "2"));
    await peer.until((text) => text.endsWith('"2"'));
    expect(peer.closed).toBe(false);
  });
});

describe("Expect: 100-continue", () => {
  const ask = head(JSON_TYPE, "Content-Length: 2", "Expect: 100-continue", "Connection: close");
  it("is told to go on when the body is wanted", async () => {
    const { port } = await serveRoutes([echo]);
    const peer = new RawPeer(port).send(ask);
    await peer.until((text) => text === "HTTP/1.1 100 Continue\r\n\r\n");
    expect(await peer.send("{}").end()).toContain("200 OK");
  });
  it("is refused without, when it is not", async () => {
    const { port } = await serveRoutes([echo], { maxBody: 1 });
    const peer = new RawPeer(port).send(ask);
    expect(await peer.until((text) => text.endsWith("}"))).toMatch(/^HTTP\/1.1 413 /);
  });
  it("is 417 for anything else", async () => {
    const { port } = await serveRoutes([echo]);
    const text = await new RawPeer(port)
      .send(`${head(JSON_TYPE, "Content-Length: 2", "Expect: magic", "Connection: close")}{}`)
      .end();
    expect(text).toMatch(/^HTTP\/1.1 417 /);
  });
});

describe("the protocol", () => {
  it("answers pipelined requests in their order", async () => {
    const { port } = await serveRoutes([echo]);
    const requests = [1, 2, 3, 4, 5].map((i) => post("/v1/echo", String(i), i === 5 ? { Connection: "close" } : {}));
    const text = await new RawPeer(port).send(requests.join("")).end();
    expect(text.match(/"\d"/g)).toEqual(['"1"', '"2"', '"3"', '"4"', '"5"']);
  });

  it("speaks HTTP/1.0", async () => {
    const { port } = await serveRoutes([echo]);
    const text = await new RawPeer(port)
      .send(`POST /v1/echo HTTP/1.0\r\n${JSON_TYPE}\r\nContent-Length: 2\r\n\r\n{}`)
      .end();
    expect(text).toContain("200 OK");
    expect(text).toContain("Content-Length: 4");
    expect(text.endsWith('"{}"')).toBe(true);
  });

  it.each([
    ["huge headers", `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(20_000)}\r\n\r\n`, "431 "],
    ["no HTTP", "hello\r\n\r\n", "400 "],
    ["two lengths", head("Content-Length: 2", "Content-Length: 3"), "400 "],
    ["length and chunks", head("Content-Length: 2", "Transfer-Encoding: chunked"), "400 "],
    ["no host", "GET / HTTP/1.1\r\n\r\n", "400 "],
    ["a chunk size that is none", `${head(JSON_TYPE, "Transfer-Encoding: chunked")}zz\r\n`, "400 "],
    ["a bare line feed in a header", "GET / HTTP/1.1\nHost: localhost\n\n", "400 "],
  ])("refuses %s and closes", async (_, bytes, status) => {
    const { port, shedding, logged } = await serveRoutes([echo], { timeouts: quick });
    const text = await new RawPeer(port).send(bytes).end();
    expect(text).toContain(`HTTP/1.1 ${status}`);
    await eventually(() => shedding.inFlight === 0);
    expect(logged).toEqual([]);
  });

  it("closes connections that say nothing, and headers that never end", async () => {
    const { port } = await serveRoutes([echo], { timeouts: quick });
    const [silent, slow] = [new RawPeer(port), new RawPeer(port).send("POST /v1/echo HTTP/1.1\r\nHost: lo")];
    expect(await silent.end()).toContain("408");
    expect(await slow.end()).toContain("408");
  });

  it("closes connections over the limit", async () => {
    const { port } = await serveRoutes([echo], { maxConnections: 1 });
    const first = new RawPeer(port).send(post("/v1/echo", "1"));
    await first.until((text) => text.includes("200 OK"));
    expect(await new RawPeer(port).send(post("/v1/echo", "1")).end()).toBe("");
    first.send(post("/v1/echo", "2"));
    await first.until((text) => text.endsWith('"2"'));
  });
});
