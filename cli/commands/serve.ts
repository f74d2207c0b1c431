import { renderFinding } from "../findings.ts";
import { colorsFor, type Io } from "../io.ts";
import { compose, type Serving } from "../serve/compose.ts";
import { LineBuffer } from "../serve/console.ts";
import type { ServeSettings } from "../serve/options.ts";
import { decisionEvent, decisionLine, startScreen } from "../serve/screen.ts";

/** Serves until interrupted. Exit 0 when everything in flight was answered and written down, 1 when something was left. */
export async function serve(io: Io, settings: ServeSettings): Promise<number> {
  const colors = colorsFor(io, "out");
  const json = settings.log === "json";
  const say = (event: Record<string, unknown>, text: () => string): void =>
    io.out(json ? `${JSON.stringify(event)}\n` : text());
  const lines = new LineBuffer((text) => io.out(text));
  const serving = await compose(settings, {
    onDecision: (...decided): void => lines.write(json ? decisionEvent(decided) : decisionLine(decided, colors)),
    onFindings: (findings) => findings.forEach((finding) => io.err(renderFinding(finding, colorsFor(io, "err")))),
    onReload(findings, accepted, rejected) {
      say({ event: "reload", accepted, rejected, findings }, () => {
        const text = findings.map((finding) => renderFinding(finding, colors)).join("");
        const broken = findings.some((finding) => finding.severity === "error");
        const kept = broken ? colors.yellow("The last good version stays in force.\n") : "";
        return `${text}Policies reloaded: ${accepted} changed, ${rejected} refused. ${kept}${broken ? "" : "\n"}`;
      });
    },
  });
  say(
    {
      event: "listening",
      url: serving.server.url,
      policies: serving.policies.index.policies,
      rules: serving.policies.index.rules,
      rebuilt: serving.rebuilt,
    },
    () => startScreen(serving, settings, colors),
  );
  await stopped(io.signal);
  const code = await stop(io, serving);
  lines.flush();
  return code;
}

function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

async function stop(io: Io, { shutdown }: Serving): Promise<number> {
  const { clean, steps } = await shutdown.run("interrupted");
  for (const { name, outcome, message } of steps) {
    if (outcome !== "done" || message !== undefined)
      io.err(`${name}: ${outcome}${message === undefined ? "" : `: ${message}`}\n`);
  }
  return clean ? 0 : 1;
}
