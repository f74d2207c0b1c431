import { digestOf, type ApprovalPhase, type ApprovalRequest, type Vote } from "#api";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MINUTE, START, cast, person, request, requirement } from "./approvals.fixture.ts";
import { consume, denyByDeletion, expire, isOpen, standingOf, withdraw, type Transition } from "./machine.ts";

const people = ["a1", "a2", "a3", "b1", "b2", "x1"] as const;
type Person = (typeof people)[number];

/** a… are of one team, b… of the other, a3 also of the other; x1 of none. */
function groupsOf(who: Person): string[] {
  if (who === "a3") return ["team-a", "team-b"];
  return who.startsWith("a") ? ["team-a"] : who.startsWith("b") ? ["team-b"] : ["others"];
}

type Step =
  | { readonly do: "vote"; readonly who: Person; readonly decision: "approve" | "deny"; readonly edit: number }
  | { readonly do: "use"; readonly uid: number }
  | { readonly do: "pass"; readonly minutes: number }
  | { readonly do: "withdraw" | "delete" | "expire" }
  /** Somebody writes a phase without a right to. */
  | { readonly do: "forge"; readonly phase: "Pending" | "Approved" };

const anyVote: fc.Arbitrary<Step> = fc.record({
  do: fc.constant("vote"),
  who: fc.constantFrom(...people),
  decision: fc.constantFrom("approve", "approve", "approve", "approve", "approve", "deny"),
  edit: fc.constantFrom(0, 0, 0, 1),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: anyVote },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("use"), uid: fc.integer({ min: 0, max: 4 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("pass"), minutes: fc.integer({ min: 0, max: 8 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("withdraw", "delete", "expire", "expire") }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("forge"), phase: fc.constantFrom("Pending", "Approved") }) },
);
const setting = fc.record({
  quorumA: fc.integer({ min: 1, max: 3 }),
  quorumB: fc.integer({ min: 0, max: 2 }),
  uses: fc.integer({ min: 1, max: 3 }),
  steps: fc.array(step, { maxLength: 30 }),
});

/** Everything that was accepted, kept apart from the request so that the test counts for itself. */
interface Book {
  readonly votes: { readonly who: Person; readonly edit: number }[];
  readonly uses: Set<number>;
  denied: boolean;
}

interface Play {
  asked: ApprovalRequest;
  minute: number;
  readonly book: Book;
}

function ballot(decision: "approve" | "deny", edit: number): Vote {
  if (edit === 0 || decision === "deny") return { decision };
  return { decision, edits: [{ set: "args.amount", value: edit }] };
}

function apply(play: Play, next: Transition): boolean {
  if (next.kind === "changed") play.asked = { ...play.asked, status: next.status };
  return next.kind === "changed";
}

function vote(play: Play, { who, decision, edit }: Extract<Step, { do: "vote" }>, now: number): void {
  const verdict = cast(play.asked, person(who, ...groupsOf(who)), ballot(decision, edit), { now });
  if (verdict.kind !== "counted") return;
  play.asked = { ...play.asked, status: verdict.status };
  if (decision === "deny") play.book.denied = true;
  else play.book.votes.push({ who, edit });
}

function use(play: Play, uid: number, now: number): void {
  const one = { uid: `u${uid}`, requestDigest: digestOf(uid) };
  if (apply(play, consume(play.asked, one, { now, electorate: {} }))) play.book.uses.add(uid);
}

function forge(play: Play, phase: ApprovalPhase, now: number): void {
  if (!isOpen(standingOf(play.asked, now, {}).phase)) return;
  play.asked = { ...play.asked, status: { ...play.asked.status, phase } };
}

function take(play: Play, one: Step): void {
  const now = START + play.minute * MINUTE;
  if (one.do === "vote") vote(play, one, now);
  else if (one.do === "use") use(play, one.uid, now);
  else if (one.do === "pass") play.minute += one.minutes;
  else if (one.do === "forge") forge(play, one.phase, now);
  else if (one.do === "withdraw") apply(play, withdraw(play.asked, "the run ended", now, {}));
  else if (one.do === "delete") apply(play, denyByDeletion(play.asked, "root", now, {}));
  else apply(play, expire(play.asked, now, {}));
}

function hasQuorum({ votes }: Book, quorumA: number, quorumB: number): boolean {
  return [0, 1].some((edit) => {
    const equal = votes.filter((one) => one.edit === edit).map(({ who }) => who);
    const ofA = new Set(equal.filter((who) => groupsOf(who).includes("team-a"))).size;
    const ofB = new Set(equal.filter((who) => groupsOf(who).includes("team-b"))).size;
    return ofA >= quorumA && ofB >= quorumB;
  });
}

describe("no sequence of events", () => {
  it("uses an action without a quorum of equal votes, more often than permitted, or leaves a closed phase", () => {
    const reached = new Set<ApprovalPhase>();
    fc.assert(
      fc.property(setting, ({ quorumA, quorumB, uses, steps }) => {
        const requirements = [requirement({ approvers: ["team-a"], quorum: quorumA })];
        if (quorumB > 0) requirements.push(requirement({ rule: "second", approvers: ["team-b"], quorum: quorumB }));
        const play: Play = {
          asked: request(requirements, uses),
          minute: 0,
          book: { votes: [], uses: new Set(), denied: false },
        };
        let closed: ApprovalPhase | undefined;
        for (const one of steps) {
          const usesBefore = play.book.uses.size;
          take(play, one);
          const { phase } = standingOf(play.asked, START + play.minute * MINUTE, {});
          reached.add(phase);
          if (closed !== undefined) expect(phase).toBe(closed);
          if (!isOpen(phase)) closed = phase;
          if (phase === "Approved" || phase === "Consumed" || play.book.uses.size > usesBefore) {
            expect(hasQuorum(play.book, quorumA, quorumB)).toBe(true);
            expect(play.book.denied).toBe(false);
          }
          expect(play.book.uses.size).toBeLessThanOrEqual(uses);
          expect(phase === "Consumed").toBe(play.book.uses.size === uses);
          if (play.book.denied) expect(phase).toBe("Denied");
        }
      }),
      { numRuns: 3_000 },
    );
    expect([...reached].sort()).toEqual(["Approved", "Consumed", "Denied", "Expired", "Pending", "Withdrawn"]);
  });
});
