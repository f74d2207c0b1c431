import { defineConfig, type OxlintOverride } from "oxlint";
import { rooms, type Room } from "./scripts/rooms.ts";

const names = Object.keys(rooms);
const sideDoors = Object.entries(rooms).flatMap(([name, room]) =>
  (room.sideDoors ?? []).map((door) => `${name}/${door}`),
);

/** Where two things are wired together: only these open side doors, which load heavy adapters. */
const compositionRoots = ["cli/**/*.ts", "webhook/main.ts", "operator/main.ts"];
const isRoot = (name: string): boolean => compositionRoots.includes(`${name}/**/*.ts`);

/** What a file of the room may not import. `#` starts a comment in these patterns unless it is escaped. */
function forbidden(name: string, room: Room, root: boolean): object[] {
  const others = names.filter((other) => other !== name);
  const doors = root ? sideDoors.filter((door) => room.may.includes(door.split("/")[0] ?? "")) : [];
  return [
    {
      regex: `^#(?:${names.filter((other) => !room.may.includes(other)).join("|")})(?:/|$)`,
      message: `${name} may import ${room.may.join(" ") || "nothing"}`,
    },
    {
      group: ["\\#*/**", ...doors.map((door) => `!#${door}`)],
      message: "a room is entered by its door, and a side door is opened by composition roots only",
    },
    {
      regex: `^(?:\\.\\./)+(?:(?:core|platform)/)?(?:${others.join("|")})(?:/|$)`,
      message: "another room is entered by its door, #room",
    },
    {
      regex: "^(?:\\.\\./)+(?:core|platform|cli|webhook|operator)(?:/|$)",
      message: "another room is entered by its door, #room",
    },
  ];
}

function pure(name: string, room: Room): object[] {
  if (room.pure === undefined) return [];
  const allowed = [...room.may.map((may) => `!#${may}`), ...room.pure.map((pkg) => `!${pkg}`)];
  return [
    {
      group: ["*", "!./**", "!../**", ...allowed],
      message: `${name} is pure: it imports ${room.pure.join(" ")} and nothing else`,
    },
  ];
}

function imports(patterns: readonly object[]): NonNullable<OxlintOverride["rules"]> {
  return { "eslint/no-restricted-imports": ["error", { patterns }] };
}

/** The last override that fits a file counts: a pure room's tests may use what they need, and still enter rooms by their doors. */
function arrows(name: string, room: Room): OxlintOverride[] {
  const walls = forbidden(name, room, isRoot(name));
  return [
    { files: [`${room.path}/**/*.ts`], rules: imports([...walls, ...pure(name, room)]) },
    ...(room.pure === undefined ? [] : [{ files: [`${room.path}/**/*.{test,fixture}.ts`], rules: imports(walls) }]),
    ...compositionRoots
      .filter((file) => file === `${room.path}/main.ts`)
      .map((file) => ({ files: [file], rules: imports(forbidden(name, room, true)) })),
  ];
}

const clocks = ["Date", "performance", "Temporal", "setTimeout", "setInterval", "setImmediate", "queueMicrotask"];
const world = ["process", "fetch", "crypto", "console", "globalThis", "global", "navigator", "WebSocket", "Worker"];

function purity({ path }: Room): OxlintOverride {
  const random = { object: "Math", property: "random", message: "a pure room has no randomness" };
  return {
    files: [`${path}/**/*.ts`],
    rules: {
      "eslint/no-restricted-globals": ["error", ...clocks, ...world],
      "eslint/no-restricted-properties": ["error", random],
    },
  };
}

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
    // A property that returns false fails too, and so does a helper that expects.
    "vitest/expect-expect": ["error", { assertFunctionNames: ["expect", "expect*", "fc.assert", "assert*"] }],
  },
  overrides: [
    ...Object.entries(rooms).flatMap(([name, room]) => arrows(name, room)),
    ...Object.values(rooms)
      .filter((room) => room.pure !== undefined)
      .map(purity),
    { files: ["*.config.ts"], rules: { "import/no-default-export": "off" } },
    {
      files: ["**/*.test.ts", "**/*.contract.ts", "test/**/*.ts", "bench/**/*.ts"],
      rules: { "eslint/max-lines": "off" },
    },
    { files: ["scripts/**/*.ts", "bench/**/*.ts"], rules: { "eslint/no-console": "off" } },
  ],
});
