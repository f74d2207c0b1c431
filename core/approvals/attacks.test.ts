import { digestOf, type Grant, type RunlogError, type Vote } from "#api";
import { describe, expect, it } from "vitest";
import {
  MINUTE,
  agent,
  alice,
  bob,
  carol,
  mallory,
  newDesk,
  person,
  presentation,
  question,
  requirement,
  type TestDesk,
} from "./approvals.fixture.ts";

const { namespace } = agent;

/** The name of a request that is approved and unused. */
async function approved(test: TestDesk, asked = question(), vote: Partial<Vote> = {}): Promise<string> {
  const { name } = (await test.ask(asked)).metadata;
  await test.approve(name, alice, vote);
  return name;
}

/** What an agent tries, to its end: the use is taken, or the code that refused it. */
async function execute(
  test: TestDesk,
  name: string,
  changes: Parameters<typeof presentation>[1] = {},
): Promise<string> {
  const presented = presentation(name, changes);
  try {
    await test.desk.present(presented);
  } catch (error) {
    return (error as RunlogError).code;
  }
  return test.desk.consume({ namespace, name, uid: presented.uid, requestDigest: presented.requestDigest });
}

const scoped = (uses = 3) => question({ uses, requirements: [requirement({ allowScopedGrants: true })] });
const euros: Grant = { args: { currency: "EUR" } };

interface Attack {
  readonly name: string;
  /** What must come of it. */
  readonly result: string;
  readonly run: (test: TestDesk) => Promise<string>;
}

const attacks: readonly Attack[] = [
  {
    name: "arguments swapped after the approval",
    result: "RL_GRANT_MISMATCH",
    run: async (test) => execute(test, await approved(test), { args: { amount: 9000 } }),
  },
  {
    name: "a number turned into a string",
    result: "RL_GRANT_MISMATCH",
    run: async (test) => execute(test, await approved(test), { args: { amount: "900" } }),
  },
  {
    name: "two account numbers that are equal as doubles",
    result: "RL_GRANT_MISMATCH",
    run: async (test) => {
      const name = await approved(test, question({ args: { account: "90071992547409931" } }));
      return execute(test, name, { args: { account: "90071992547409932" } });
    },
  },
  {
    name: "the same arguments for another tool",
    result: "RL_GRANT_MISMATCH",
    run: async (test) => execute(test, await approved(test), { tool: "stripe.payout" }),
  },
  {
    name: "an approval used a second time",
    result: "RL_GRANT_MISMATCH",
    run: async (test) => {
      const name = await approved(test);
      await execute(test, name, { uid: "first" });
      return execute(test, name, { uid: "second" });
    },
  },
  {
    name: "the uid of the first use with another request",
    result: "exhausted",
    run: async (test) => {
      const name = await approved(test, question({ uses: 2 }));
      await execute(test, name);
      return execute(test, name, { requestDigest: digestOf("another") });
    },
  },
  {
    name: "an approval used after its time",
    result: "RL_GRANT_MISMATCH",
    run: async (test) => {
      const name = await approved(test);
      test.clock.advance(10 * MINUTE);
      return execute(test, name);
    },
  },
  {
    name: "an approval that ran out between check and use",
    result: "exhausted",
    run: async (test) => {
      const name = await approved(test);
      const { uid, requestDigest } = presentation(name);
      await test.desk.present(presentation(name));
      test.clock.advance(10 * MINUTE);
      return test.desk.consume({ namespace, name, uid, requestDigest });
    },
  },
  {
    name: "a run that was withdrawn between check and use",
    result: "exhausted",
    run: async (test) => {
      const name = await approved(test);
      const { uid, requestDigest } = presentation(name);
      await test.desk.present(presentation(name));
      await test.desk.withdrawRun(agent, "the run was terminated");
      return test.desk.consume({ namespace, name, uid, requestDigest });
    },
  },
  {
    name: "an approval of another run",
    result: "RL_GRANT_MISMATCH",
    run: async (test) => execute(test, await approved(test), { identity: { ...agent, run: "run_2" } }),
  },
  {
    name: "an approval of another agent in the namespace",
    result: "RL_GRANT_MISMATCH",
    run: async (test) => execute(test, await approved(test), { identity: { ...agent, serviceAccount: "other" } }),
  },
  {
    name: "an approval of another namespace",
    result: "RL_NOT_FOUND",
    run: async (test) => execute(test, await approved(test), { identity: { ...agent, namespace: "other" } }),
  },
  {
    name: "a name that was never asked",
    result: "RL_NOT_FOUND",
    run: (test) => execute(test, "apr-00000000"),
  },
  {
    name: "a request nobody answered",
    result: "RL_GRANT_MISMATCH",
    run: async (test) => execute(test, (await test.ask()).metadata.name),
  },
  {
    name: "a request that was denied",
    result: "RL_GRANT_MISMATCH",
    run: async (test) => {
      const { name } = (await test.ask()).metadata;
      await test.deny(name);
      return execute(test, name);
    },
  },
  {
    name: "a vote of somebody outside the group, then the action",
    result: "RL_GRANT_MISMATCH",
    run: async (test) => {
      const { name } = (await test.ask()).metadata;
      await expect(test.approve(name, mallory)).rejects.toMatchObject({ code: "RL_VOTE_REFUSED" });
      return execute(test, name);
    },
  },
  {
    name: "a group that everybody has",
    result: "RL_GRANT_MISMATCH",
    run: async (test) => {
      const everyone = [requirement({ approvers: ["system:authenticated"] })];
      const { name } = (await test.ask(question({ requirements: everyone }))).metadata;
      const voter = person("mallory", "system:authenticated");
      await expect(test.approve(name, voter)).rejects.toMatchObject({ code: "RL_VOTE_REFUSED" });
      return execute(test, name);
    },
  },
  {
    name: "the agent's own ServiceAccount as approver",
    result: "RL_GRANT_MISMATCH",
    run: async (test) => {
      const itself = [requirement({ approvers: ["serviceaccount:agents/support-bot"] })];
      const { name } = (await test.ask(question({ requirements: itself }))).metadata;
      const voter = person("system:serviceaccount:agents:support-bot");
      await expect(test.approve(name, voter)).rejects.toMatchObject({ code: "RL_VOTE_REFUSED" });
      return execute(test, name);
    },
  },
  {
    name: "the same person twice for a quorum of two",
    result: "RL_GRANT_MISMATCH",
    run: async (test) => {
      const { name } = (await test.ask(question({ requirements: [requirement({ quorum: 2 })] }))).metadata;
      await test.approve(name);
      await test.approve(name);
      return execute(test, name);
    },
  },
  {
    name: "a yes after a no",
    result: "RL_GRANT_MISMATCH",
    run: async (test) => {
      const { name } = (await test.ask()).metadata;
      await test.deny(name, bob);
      await expect(test.approve(name)).rejects.toMatchObject({ code: "RL_NOT_PENDING" });
      return execute(test, name);
    },
  },
  {
    name: "an edit approved by one and the original by another",
    result: "RL_GRANT_MISMATCH",
    run: async (test) => {
      const { name } = (await test.ask(question({ requirements: [requirement({ quorum: 2 })] }))).metadata;
      await test.approve(name, alice, { edits: [{ set: "args.amount", value: 1 }] });
      await test.approve(name, bob);
      return execute(test, name);
    },
  },
  {
    name: "only one of two asking rules approved",
    result: "RL_GRANT_MISMATCH",
    run: async (test) => {
      const both = [requirement(), requirement({ rule: "ledger", approvers: ["finance"] })];
      const { name } = (await test.ask(question({ requirements: both }))).metadata;
      await test.approve(name);
      expect((await test.desk.get(namespace, name)).status).toMatchObject({ votes: "1/2" });
      return execute(test, name);
    },
  },
  {
    name: "both of two asking rules approved (so that the case before means something)",
    result: "consumed",
    run: async (test) => {
      const both = [requirement(), requirement({ rule: "ledger", approvers: ["finance"] })];
      const { name } = (await test.ask(question({ requirements: both }))).metadata;
      await test.approve(name);
      await test.approve(name, carol);
      return execute(test, name);
    },
  },
  {
    name: "a rule that was edited since",
    result: "RL_GRANT_MISMATCH",
    run: async (test) => {
      const { covers } = await test.desk.present(presentation(await approved(test)));
      try {
        return `covered: ${covers(requirement({ ruleHash: digestOf("big_refund v2") }))}`;
      } catch (error) {
        return (error as RunlogError).code;
      }
    },
  },
  {
    name: "a rule that did not ask then",
    result: "asks anew",
    run: async (test) => {
      const { covers } = await test.desk.present(presentation(await approved(test)));
      return covers(requirement({ rule: "new_rule" })) ? "covered" : "asks anew";
    },
  },
  {
    name: "arguments outside a grant's pattern",
    result: "RL_GRANT_MISMATCH",
    run: async (test) =>
      execute(test, await approved(test, scoped(), { grant: euros }), { args: { amount: 5, currency: "USD" } }),
  },
  {
    name: "arguments inside a grant's pattern, for another tool",
    result: "RL_GRANT_MISMATCH",
    run: async (test) =>
      execute(test, await approved(test, scoped(), { grant: euros }), { args: { currency: "EUR" }, tool: "wire" }),
  },
  {
    name: "more uses than the grant gave",
    result: "RL_GRANT_MISMATCH",
    run: async (test) => {
      const name = await approved(test, scoped(3), { grant: { ...euros, uses: 1 } });
      expect(await execute(test, name, { uid: "1", args: { currency: "EUR" } })).toBe("consumed");
      return execute(test, name, { uid: "2", args: { currency: "EUR" } });
    },
  },
  {
    name: "an action that was denied, by way of a grant that would cover it",
    result: "RL_GRANT_MISMATCH",
    run: async (test) => {
      const name = await approved(test, scoped(), { grant: euros });
      const args = { amount: 5, currency: "EUR" };
      await test.deny((await test.ask(question({ args }))).metadata.name, bob);
      expect(await execute(test, name, { args: { amount: 6, currency: "EUR" } })).toBe("consumed");
      return execute(test, name, { uid: "2", args });
    },
  },
  {
    name: "a grant used after its own, shorter time",
    result: "RL_GRANT_MISMATCH",
    run: async (test) => {
      const name = await approved(test, scoped(), { grant: { ...euros, for: "1m" } });
      test.clock.advance(MINUTE);
      return execute(test, name, { args: { currency: "EUR" } });
    },
  },
  {
    name: "asked again after a no, until somebody says yes",
    result: "approval_denied",
    run: async (test) => {
      await test.deny((await test.ask()).metadata.name);
      const answers = await Promise.all(Array.from({ length: 20 }, () => test.desk.ask(question())));
      expect((await test.desk.list({}, { limit: 50 })).items).toHaveLength(1);
      return [...new Set(answers.map((answer) => (answer.kind === "denied" ? answer.reason : answer.kind)))].join();
    },
  },
  {
    name: "a thousand questions that differ by a nonce",
    result: "20 open, then too_many_open_approvals",
    run: async (test) => {
      const reasons = new Set<string>();
      let open = 0;
      for (let nonce = 0; nonce < 1000; nonce++) {
        const answer = await test.desk.ask(question({ args: { amount: 900, nonce } }));
        if (answer.kind === "open") open++;
        else reasons.add(answer.reason);
      }
      return `${open} open, then ${[...reasons].join()}`;
    },
  },
];

describe("an attack ends in its refusal", () => {
  it.each(attacks)("$name → $result", async ({ run, result }) => {
    expect(await run(newDesk())).toBe(result);
  });
});
