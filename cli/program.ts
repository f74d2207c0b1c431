import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { approvalPhases, decisions, isRunlogError, messageOf, modes, type RunlogError, runStates } from "#api";
import { colorsFor, type Io } from "./io.ts";
import { outputFormats, printable } from "./output.ts";
import { version } from "./version.ts";

/** A subcommand's action: resolves to the exit code. */
type Action = () => Promise<number>;

/**
 * Runs one command line. Resolves to the exit code: 0 ok, 1 the checked thing failed, 2 bad usage or unreadable input.
 * Each subcommand's file is loaded only when it runs.
 */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  let action: Action | undefined;
  const program = build(io, (chosen) => {
    action = chosen;
  });
  try {
    await program.parseAsync([...argv], { from: "user" });
    return action === undefined ? 0 : await action();
  } catch (error) {
    return report(error, io);
  }
}

function report(error: unknown, io: Io): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const colors = colorsFor(io, "err");
  if (!isRunlogError(error)) {
    io.err(`${colors.red("error")}: ${printable(messageOf(error))}\n`);
    return 2;
  }
  const [first = "", ...rest] = error.message.split("\n");
  io.err(`${colors.red("error")}: ${printable(first)} ${colors.dim(`[${error.code}]`)}\n`);
  for (const line of [...rest, ...detailsOf(error)]) io.err(`  ${printable(line)}\n`);
  return error.exit;
}

/** The fields at fault, unless the message names them all. */
function detailsOf({ message, errors = [] }: RunlogError): readonly string[] {
  return errors.filter((one) => !message.includes(one.message)).map((one) => `${one.path}: ${one.message}`);
}

function build(io: Io, choose: (action: Action) => void): Command {
  const program = new Command("runlog")
    .description("Decides, before an AI agent acts, whether it may.")
    .version(version, "-V, --version")
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.out(text), writeErr: (text) => io.err(text) })
    .showHelpAfterError("(see --help)")
    .addHelpText(
      "after",
      "\nExit codes: 0 ok, 1 the checked thing failed, 2 bad usage or unreadable input.\nColours are used on terminals only; NO_COLOR turns them off.",
    );
  addServe(program, io, choose);
  addPolicyCommands(program, io, choose);
  addReview(program, io, choose);
  addDetect(program, io, choose);
  addRuns(program, io, choose);
  addApprovals(program, io, choose);
  program
    .command("version")
    .description("Print the version.")
    .addHelpText("after", "\nExample:\n  runlog version")
    .action(() => choose(async () => (io.out(`runlog ${version} (node ${process.versions.node})\n`), 0)));
  for (const command of allCommands(program)) command.exitOverride().configureOutput(program.configureOutput());
  return program;
}

function allCommands(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...allCommands(child)]);
}

function outputOption(formats: readonly string[] = outputFormats): Option {
  return new Option("-o, --output <format>", "how to print the result").choices([...formats]).default("table");
}

function serverOptions(io: Io, command: Command): Command {
  return command
    .option("--server <url>", "the decision point", io.env["RUNLOG_SERVER"] ?? "http://127.0.0.1:8181")
    .option(
      "--state <folder>",
      "state folder of the local server, for its approver token",
      io.env["RUNLOG_STATE"] ?? ".runlog",
    )
    .option("--token-file <file>", "file with the bearer token to send")
    .addOption(outputOption());
}

function list(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

function label(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const equals = text.indexOf("=");
  if (equals <= 0) throw new InvalidArgumentError("expected KEY=VALUE");
  return { ...before, [text.slice(0, equals)]: text.slice(equals + 1) };
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError("expected a whole number from 1");
  return value;
}

function score(text: string): number {
  const value = Number(text);
  if (!(value >= 0 && value <= 1)) throw new InvalidArgumentError("expected a number from 0 to 1");
  return value;
}

function callerOptions(command: Command): Command {
  return command
    .option("-n, --namespace <namespace>", "namespace of the caller, and of policies that name none", "default")
    .option("--service-account <name>", "ServiceAccount of the caller", "local")
    .option("-l, --labels <key=value>", "a label of the caller; repeatable", label, {});
}

/** `serve` reads its own settings: flags, variables and file from one table. */
function addServe(program: Command, io: Io, choose: (action: Action) => void): void {
  program
    .command("serve")
    .description("Run a decision point on this machine: policies from files, everything else embedded.")
    .usage("--policies PATH [settings]")
    .helpOption(false)
    .allowUnknownOption()
    .argument("[settings...]")
    .action((args: string[]) => choose(() => startServing(args, io)));
}

async function startServing(args: readonly string[], io: Io): Promise<number> {
  const { loadServeSettings, serveHelp } = await import("./serve/options.ts");
  if (args.includes("--help") || args.includes("-h")) {
    io.out(serveHelp());
    return 0;
  }
  const { settings, unknownVariables } = loadServeSettings(args, io.env);
  for (const name of unknownVariables) io.err(`warning: ${name} is no setting of runlog serve\n`);
  const { serve } = await import("./commands/serve.ts");
  return serve(io, settings);
}

function addPolicyCommands(program: Command, io: Io, choose: (action: Action) => void): void {
  const describe = {
    validate: "Check policy files for errors.",
    lint: "Check policy files for errors and for doubts: rules that never fire, or not as they seem to.",
  } as const;
  for (const [name, description] of Object.entries(describe)) {
    const command = program
      .command(name)
      .description(description)
      .argument("<paths...>", "files or folders")
      .option("-n, --namespace <namespace>", "namespace of policies that name none", "default")
      .addOption(outputOption());
    if (name === "lint") command.option("--strict", "warnings fail, too");
    command
      .addHelpText("after", `\nExamples:\n  runlog ${name} policies/\n  runlog ${name} --output json policy.yaml`)
      .action((paths: string[], options) =>
        choose(async () =>
          (await import("./commands/check.ts")).check(io, paths, { ...options, warnings: name === "lint" }),
        ),
      );
  }
  program
    .command("convert")
    .description("Turn a plain RunLog file into one AgentPolicy.")
    .argument("<file>")
    .option("-n, --namespace <namespace>", "namespace of the policy; none by default")
    .option("--name <name>", "name of the policy; the file's by default")
    .addOption(new Option("--mode <mode>", "mode of the policy").choices([...modes]))
    .option("-f, --out-file <file>", "write there; an existing file is not overwritten")
    .addOption(new Option("-o, --output <format>", "how to print it").choices(["yaml", "json"]).default("yaml"))
    .addHelpText(
      "after",
      "\nExample:\n  runlog convert policies.yaml --namespace agents --mode Audit | kubectl apply -f -",
    )
    .action((file: string, options) =>
      choose(async () => (await import("./commands/convert.ts")).convert(io, file, options)),
    );
}

function addReview(program: Command, io: Io, choose: (action: Action) => void): void {
  callerOptions(program.command("review"))
    .description("Decide reviews from a file, once, with empty counters. `-` reads standard input.")
    .argument("<file>", "an ActionReview, a bare request, or JSON Lines of either")
    .requiredOption("-p, --policies <path>", "policy file or folder; repeatable", list)
    .option("--hash-key-file <file>", "file with the key of redact as: hash")
    .addOption(outputOption())
    .addHelpText("after", "\nExample:\n  runlog review action.json --policies policies/ --output json")
    .action((file: string, options) =>
      choose(async () => (await import("./commands/review.ts")).review(io, file, options)),
    );
}

function addDetect(program: Command, io: Io, choose: (action: Action) => void): void {
  program
    .command("detect")
    .description("Show personal data and secrets in a text or JSON document. Never prints the value itself.")
    .argument("[file]", "standard input when absent")
    .option("--jsonl <file>", "one {id, text} a line; prints one {id, spans} a line")
    .addOption(new Option("--family <family>", "what to look for").choices(["pii", "secret", "all"]).default("all"))
    .option("--entities <types>", "only these, separated by commas", (text) => text.split(","))
    .option("--min-score <score>", "least score that counts", score)
    .option("--redact", "print the text, or {id, text} a line, with everything found replaced by its type")
    .addOption(outputOption())
    .addHelpText(
      "after",
      "\nExamples:\n  echo 'mail jane@corp.io' | runlog detect\n  echo 'mail jane@corp.io' | runlog detect --redact\n  runlog detect --jsonl texts.jsonl --family pii",
    )
    .action((file: string | undefined, options) =>
      choose(async () => (await import("./commands/detect.ts")).detect(io, file, options)),
    );
}

function addRuns(program: Command, io: Io, choose: (action: Action) => void): void {
  const runs = program.command("runs").description("Look at recorded runs.");
  serverOptions(io, runs.command("list"))
    .description("List runs, newest first.")
    .option("-n, --namespace <namespace>", "only of this namespace")
    .option("--service-account <name>", "only of this ServiceAccount")
    .addOption(new Option("--run-state <state>", "only in this state").choices([...runStates]))
    .addOption(new Option("--decision <decision>", "only with such a decision").choices([...decisions]))
    .option("--since <time>", "only active since: RFC 3339, or a duration such as 1h")
    .option("--limit <count>", "at most so many", count, 50)
    .addHelpText("after", "\nExample:\n  runlog runs list --decision deny --since 1h")
    .action((options) => choose(async () => (await import("./commands/runs.ts")).listRuns(io, options)));
  serverOptions(io, runs.command("show"))
    .description("Show one run from its first step to its last.")
    .argument("<run>", "RUN, or NAMESPACE/SERVICEACCOUNT/RUN")
    .option("-n, --namespace <namespace>", "namespace of a bare RUN", "default")
    .option("--service-account <name>", "ServiceAccount of a bare RUN", "local")
    .option("--limit <count>", "at most so many steps", count, 500)
    .addHelpText("after", "\nExample:\n  runlog runs show run_abc123 --output json")
    .action((run: string, options) =>
      choose(async () => (await import("./commands/runs.ts")).showRun(io, run, options)),
    );
}

function addApprovals(program: Command, io: Io, choose: (action: Action) => void): void {
  const approvals = program.command("approvals").description("Answer agents that ask.");
  for (const name of ["list", "watch"] as const) {
    serverOptions(io, approvals.command(name))
      .description(name === "list" ? "List approval requests." : "Print requests as they open and change.")
      .option("-n, --namespace <namespace>", "only of this namespace")
      .addOption(new Option("--phase <phase>", "only in this phase").choices([...approvalPhases]))
      .option("--limit <count>", "at most so many", count, 200)
      .addHelpText("after", `\nExample:\n  runlog approvals ${name} --phase Pending`)
      .action((options) =>
        choose(async () => {
          const commands = await import("./commands/approvals.ts");
          return name === "list" ? commands.listApprovals(io, options) : commands.watchApprovals(io, options);
        }),
      );
  }
  serverOptions(io, approvals.command("show"))
    .description("Show what is asked: who, what, why, until when.")
    .argument("<name>", "NAME or NAMESPACE/NAME")
    .option("-n, --namespace <namespace>")
    .option("--reveal", "show the real arguments instead of the display copy")
    .addHelpText("after", "\nExample:\n  runlog approvals show NAME --reveal")
    .action((name: string, options) =>
      choose(async () => (await import("./commands/approvals.ts")).showApproval(io, name, options)),
    );
  for (const decision of ["approve", "deny"] as const) {
    const command = serverOptions(io, approvals.command(decision))
      .description(
        decision === "approve"
          ? "Let this action run, as shown or with edits."
          : "Refuse this action for the rest of the run.",
      )
      .argument("<name>", "NAME or NAMESPACE/NAME")
      .option("-n, --namespace <namespace>")
      .option("-m, --comment <text>", "told to the agent and kept in the record");
    if (decision === "approve") {
      command
        .option("--set <path=value>", "approve with this argument changed, e.g. args.amount=100; repeatable", list, [])
        .option("--remove <path>", "approve without this argument; repeatable", list, [])
        .option("--redact <path>", "approve with personal data in this text replaced; repeatable", list, []);
    }
    const example = decision === "approve" ? "approve NAME --set args.amount=100" : "deny NAME --comment 'not today'";
    command.addHelpText("after", `\nExample:\n  runlog approvals ${example}`).action((name: string, options) =>
      choose(async () => {
        const { vote } = await import("./commands/approvals.ts");
        return vote(io, name, decision, { set: [], remove: [], redact: [], ...options });
      }),
    );
  }
}
