import type { SettingDescription } from "./config.ts";

/** The settings as `--help` prints them: flag, what it is, what it accepts, default and variable. */
export function helpText(settings: readonly SettingDescription[]): string {
  const rows = settings.map((setting) => ({ left: `  ${usage(setting)}`, setting }));
  const width = Math.min(36, Math.max(...rows.map(({ left }) => left.length))) + 2;
  const indent = " ".repeat(width);
  return rows
    .flatMap(({ left, setting }) => {
      const head = left.length < width ? [left.padEnd(width) + setting.help] : [left, indent + setting.help];
      return [...head, indent + details(setting)];
    })
    .join("\n");
}

function usage({ flag, short, shape }: SettingDescription): string {
  const name = short === undefined ? `--${flag}` : `-${short}, --${flag}`;
  return shape === "boolean" ? name : `${name} <${shape === "list" ? "value, repeatable" : "value"}>`;
}

function details({ accepts, default: value, env }: SettingDescription): string {
  const standard = value === undefined || value === "" ? "" : `; default ${value}`;
  return `(${accepts}${standard}; ${env})`;
}
