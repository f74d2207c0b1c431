import { pino, type DestinationStream, type Level, type Logger as PinoLogger } from "pino";

export type Logger = PinoLogger;
export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LoggerOptions {
  readonly level?: LogLevel | undefined;
  /** Standard error by default: standard output belongs to what a command prints. */
  readonly destination?: DestinationStream | undefined;
}

/** One JSON object a line. Credentials never get into it, under whatever name a caller logs them. */
export function createLogger(options: LoggerOptions = {}): Logger {
  const level: Level | "silent" = options.level ?? "info";
  const paths = [
    "token",
    "authorization",
    "password",
    "headers.authorization",
    "*.token",
    "*.authorization",
    "*.password",
  ];
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, redact: { paths, censor: "[redacted]" } },
    options.destination ?? pino.destination(2),
  );
}
