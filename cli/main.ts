#!/usr/bin/env node
import { run } from "./program.ts";

// The bundle is started by whatever node is on the PATH: say what is missing before a module that is not there does.
if (Number.parseInt(process.versions.node, 10) < 26) {
  process.stderr.write(`error: runlog needs Node 26 or newer; this is ${process.versions.node}\n`);
  process.exit(2);
}

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());

// A closed pipe (`| head`) is no error of ours. A server that nobody reads any more stops as if it were interrupted.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    if (process.argv[2] === "serve") stop.abort();
    else process.exit(0);
  });
}

process.exitCode = await run(process.argv.slice(2), {
  stdin: process.stdin,
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  env: process.env,
  terminal: { out: process.stdout.isTTY === true, err: process.stderr.isTTY === true },
  signal: stop.signal,
});
