import { defineConfig, type OxlintOverride } from "oxlint";
import { rooms, type Room } from "./scripts/rooms.ts";

const names = Object.keys(rooms);
const sideDoors = Object.entries(rooms).flatMap(([name, room]) =>
  (room.sideDoors ?? []).map((door) => `${name}/${door}`),
);
const folderNames = names.map((name) => name);

function arrow(name: string, room: Room): OxlintOverride {
  const forbidden = names.filter((other) => !room.may.includes(other));
  const patterns: object[] = [
    { regex: `^#(?:${forbidden.join("|")})(?:/|$)`, message: `${name} may import ${room.may.join(" ") || "nothing"}` },
    {
      regex: `^(?:\\.\\./)+(?:(?:core|platform)/)?(?:${folderNames.filter((other) => other !== name).join("|")})/`,
      message: "another room is entered by its door, #room",
    },
    {
      regex: "^(?:\\.\\./)+(?:core|platform|cli|webhook|operator)/",
      message: "another room is entered by its door, #room",
    },
  ];
  if (name !== "cli" && sideDoors.length > 0) {
    patterns.push({
      regex: `^#(?:${sideDoors.join("|")})$`,
      message: "a side door is opened by composition roots only",
    });
  }
  if (room.pure) {
    const allowed = [...room.may.map((may) => `!#${may}`), ...room.pure.map((pkg) => `!${pkg}`)];
    patterns.push({
      group: ["*", "!./**", "!../**", "!vitest", "!fast-check", ...allowed],
      message: `${name} is pure: it imports ${room.pure.join(" ")} and nothing else`,
    });
  }
  return { files: [`${room.path}/**/*.ts`], rules: { "eslint/no-restricted-imports": ["error", { patterns }] } };
}

const impure = ["Date", "performance", "process", "fetch", "setTimeout", "setInterval", "setImmediate", "crypto"];

export default defineConfig({
  plugins: ["import", "typescript", "unicorn", "eslint", "vitest"],
  categories: { correctness: "error" },
  ignorePatterns: ["node_modules", "dist", ".vitest", "test/fixtures/lint"],
  rules: {
    "import/no-cycle": ["error", { ignoreTypes: false }],
    "import/no-default-export": "error",
    "unicorn/filename-case": ["error", { case: "kebabCase" }],
    "eslint/complexity": ["error", { max: 10 }],
    "eslint/max-params": ["error", { max: 4 }],
    "eslint/max-lines": ["error", { max: 300, skipBlankLines: true, skipComments: true }],
    "eslint/no-console": "error",
    "typescript/no-floating-promises": "error",
    "typescript/no-misused-promises": "error",
    "typescript/switch-exhaustiveness-check": "error",
    "typescript/await-thenable": "error",
    "typescript/no-explicit-any": "error",
    // A property test says what holds in each case; a message tells which case failed.
    "vitest/no-conditional-expect": "off",
    "vitest/valid-expect": ["error", { maxArgs: 2 }],
  },
  overrides: [
    ...Object.entries(rooms).map(([name, room]) => arrow(name, room)),
    {
      files: ["core/engine/**/*.ts"],
      rules: {
        "eslint/no-restricted-globals": ["error", ...impure],
        "eslint/no-restricted-properties": [
          "error",
          { object: "Math", property: "random", message: "the engine is pure" },
        ],
      },
    },
    { files: ["*.config.ts"], rules: { "import/no-default-export": "off" } },
    {
      files: ["**/*.test.ts", "**/*.contract.ts", "test/**/*.ts", "bench/**/*.ts"],
      rules: { "eslint/max-lines": "off" },
    },
    { files: ["scripts/**/*.ts", "bench/**/*.ts"], rules: { "eslint/no-console": "off" } },
  ],
});
