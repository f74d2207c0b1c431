import { collectDefaultMetrics, Registry } from "prom-client";

/** Where a process's metrics are declared; handed to each room, so that two of anything can run in one process. */
export type MetricsRegistry = Registry;

export interface RegistryOptions {
  /** Also the metrics of the Node process: memory, garbage collection, event loop. False by default, for they start timers. */
  readonly processMetrics?: boolean | undefined;
}

export function createRegistry(options: RegistryOptions = {}): MetricsRegistry {
  const registry = new Registry();
  if (options.processMetrics === true) collectDefaultMetrics({ register: registry });
  return registry;
}
