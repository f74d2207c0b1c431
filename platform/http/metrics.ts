import { Gauge } from "prom-client";
import { counterFamily, type MetricsRegistry } from "#telemetry";

export interface HttpMetrics {
  /** A request of this route was answered with this status. */
  answered(route: string, status: number): void;
  shed(reason: string): void;
  connectionRefused(): void;
  watch(sources: { readonly inFlight: () => number; readonly lagSeconds: () => number }): void;
  /** Seconds since the epoch. */
  certificateExpires(at: number): void;
}

/** A process may have several listeners; `listener` keeps their metrics apart. Throws when two declare the same registry and are one name. */
export function httpMetrics(registry: MetricsRegistry): HttpMetrics {
  const registers = [registry];
  const requests = counterFamily({
    registry,
    name: "runlog_http_requests_total",
    help: "Requests by route and status; `none` is everything without a route.",
    labels: ["route", "status"],
  });
  const shed = counterFamily({
    registry,
    name: "runlog_http_shed_total",
    help: "Requests turned away before anything was done for them: in_flight, lag, rate; connections over the limit.",
    labels: ["reason"],
  });
  const children = new Map<string, Map<number, { inc(): void }>>();
  return {
    answered(route, status) {
      let byStatus = children.get(route);
      if (byStatus === undefined) children.set(route, (byStatus = new Map()));
      let child = byStatus.get(status);
      if (child === undefined) byStatus.set(status, (child = requests.child(route, String(status))));
      child.inc();
    },
    shed: (reason) => shed.child(reason).inc(),
    connectionRefused: () => shed.child("connections").inc(),
    watch({ inFlight, lagSeconds }) {
      const flying: Gauge = new Gauge({
        name: "runlog_http_in_flight_requests",
        help: "Requests being answered.",
        registers,
        collect: () => flying.set(inFlight()),
      });
      const lag: Gauge = new Gauge({
        name: "runlog_http_event_loop_lag_seconds",
        help: "How late the event loop is, smoothed; what shedding looks at.",
        registers,
        collect: () => lag.set(lagSeconds()),
      });
    },
    certificateExpires(at) {
      const name = "runlog_cert_expiry_timestamp_seconds";
      const known = registry.getSingleMetric(name) as Gauge | undefined;
      const gauge =
        known ?? new Gauge({ name, help: "When a certificate in use expires.", labelNames: ["role"], registers });
      gauge.set({ role: "serving" }, at);
    },
  };
}
