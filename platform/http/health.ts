import type { MetricsRegistry } from "#telemetry";
import { withDeadline } from "#runtime";
import type { HttpAnswer, Route } from "./route.ts";

export interface Check {
  readonly ok: boolean;
  /** Why not, or what it stands at. */
  readonly reason?: string | undefined;
}

export interface HealthOptions {
  /** All must hold before agents are sent here. */
  readonly ready: Readonly<Record<string, () => Check>>;
  readonly registry: MetricsRegistry;
}

const SCRAPE_MS = 5_000;

/** `/healthz`: the process answers. `/readyz`: it may be asked for decisions. `/metrics`: Prometheus text. */
export function healthRoutes({ ready, registry }: HealthOptions): readonly Route[] {
  return [
    { method: "GET", path: "/healthz", always: true, handle: () => text(200, "ok\n") },
    {
      method: "GET",
      path: "/readyz",
      always: true,
      handle(request) {
        const checks = Object.entries(ready).map(([name, check]) => ({ name, ...ask(check) }));
        const ok = checks.every((check) => check.ok);
        const status = ok ? 200 : 503;
        if (request.query.has("verbose")) return { status, body: JSON.stringify({ ready: ok, checks }) };
        const failed = checks
          .filter((check) => !check.ok)
          .map((check) => `${check.name}: ${check.reason ?? "not ready"}\n`);
        return text(status, ok ? "ok\n" : failed.join(""));
      },
    },
    {
      method: "GET",
      path: "/metrics",
      always: true,
      async handle() {
        return {
          status: 200,
          body: await withDeadline(registry.metrics(), { what: "the scrape", ms: SCRAPE_MS }),
          contentType: registry.contentType,
        };
      },
    },
  ];
}

/** A check that cannot be made is one that does not hold. */
function ask(check: () => Check): Check {
  try {
    return check();
  } catch {
    return { ok: false, reason: "the check itself failed" };
  }
}

function text(status: number, body: string): HttpAnswer {
  return { status, body, contentType: "text/plain; charset=utf-8" };
}
