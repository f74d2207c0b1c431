/** HTTP: a listener with bounded bodies, problems, shedding, TLS reload and drain; routes are handed in. */
export { healthRoutes, type Check, type HealthOptions } from "./health.ts";
export { problemOf } from "./problem.ts";
export type * from "./route.ts";
export { startServer, type RunningServer, type ServerOptions } from "./server.ts";
export type { TlsFiles } from "./tls.ts";
