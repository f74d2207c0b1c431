import CliTable from "cli-table3";
import { stringify } from "yaml";
import type { Io } from "./io.ts";

export const outputFormats = ["table", "json", "yaml"] as const;
export type OutputFormat = (typeof outputFormats)[number];

export interface Column<T> {
  readonly title: string;
  readonly value: (row: T) => string;
}

/** Rows as kubectl prints them: aligned columns without borders. */
export function table<T>(rows: readonly T[], columns: readonly Column<T>[]): string {
  const none = {
    top: "",
    "top-mid": "",
    "top-left": "",
    "top-right": "",
    bottom: "",
    "bottom-mid": "",
    "bottom-left": "",
  };
  const sides = {
    "bottom-right": "",
    left: "",
    "left-mid": "",
    mid: "",
    "mid-mid": "",
    right: "",
    "right-mid": "",
    middle: "   ",
  };
  const grid = new CliTable({
    head: columns.map((column) => column.title.toUpperCase()),
    chars: { ...none, ...sides },
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [] },
  });
  for (const row of rows) grid.push(columns.map((column) => printable(column.value(row))));
  return `${grid
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n")}\n`;
}

/** Control characters of foreign text, and those that turn its direction, never reach the terminal. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, escaped);
}

/** What JSON leaves alone of these: a terminal takes the first kind for commands. */
const CONTROLS = /[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** JSON of the same value that is nothing but text to a terminal. */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(CONTROLS, escaped);
}

/** Likewise; only double quotes take escapes. */
function yamlText(value: unknown): string {
  const text = stringify(value, { aliasDuplicateObjects: false });
  if (text.search(CONTROLS) === -1) return text;
  const quoted = { defaultStringType: "QUOTE_DOUBLE", lineWidth: 0, aliasDuplicateObjects: false } as const;
  return stringify(value, quoted).replace(CONTROLS, escaped);
}

/** The value itself as JSON or YAML, or what `asTable` makes of it. */
export function print(io: Io, format: OutputFormat, value: unknown, asTable: () => string): void {
  if (format === "json") io.out(`${jsonText(value, 2)}\n`);
  else if (format === "yaml") io.out(yamlText(value));
  else io.out(asTable());
}

/** `3m`, `2h`, `5d`: how long ago, as kubectl's AGE. */
export function age(from: string | number, now: number): string {
  const seconds = Math.max(0, Math.floor((now - (typeof from === "number" ? from : Date.parse(from))) / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
