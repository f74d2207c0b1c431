/** A key such as `runLog.flushInterval` is `--run-log-flush-interval` and RUNLOG_RUN_LOG_FLUSH_INTERVAL. */
export function flagOf(key: string): string {
  return key.replaceAll(".", "-").replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

export const ENV_PREFIX = "RUNLOG_";

export function envOf(key: string): string {
  return ENV_PREFIX + flagOf(key).replaceAll("-", "_").toUpperCase();
}

const SERVICE_TAIL = "(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT(?:_[0-9]{1,5}_(?:TCP|UDP|SCTP)(?:_[A-Z]+)?)?)$";
const anyService = new RegExp(`^RUNLOG_(?:[A-Z0-9_]+_)?${SERVICE_TAIL}`);
const ownService = new RegExp(`^RUNLOG_(?:WEBHOOK_|OPERATOR_|METRICS_)?${SERVICE_TAIL}`);

/** Kubernetes sets such variables in every pod beside a Service named `runlog-…`: RUNLOG_PORT=tcp://10.0.0.1:443. They are nobody's setting. */
export function isServiceVariable(name: string): boolean {
  return anyService.test(name);
}

/** The same for the Services that an installation is likely to have: no setting may be called so. */
export function isReservedVariable(name: string): boolean {
  return ownService.test(name);
}
