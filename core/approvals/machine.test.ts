import { approvalPhases, digestOf, type ApprovalRequest, type ApprovalStatus, type RecordedVote } from "#api";
import { describe, expect, it } from "vitest";
import { MINUTE, START, alice, bob, mallory, request, requirement, withVote } from "./approvals.fixture.ts";
import { votedDigestOf } from "./grant.ts";
import { consume, denyByDeletion, expire, isOpen, standingOf, usedBy, withdraw } from "./machine.ts";

const now = START + 2 * MINUTE;
const at = (time: number) => ({ now: time, electorate: {} });
const use = (n: number) => ({ uid: `uid-${n}`, requestDigest: digestOf(n) });

function withStatus(asked: ApprovalRequest, status: ApprovalStatus): ApprovalRequest {
  return { ...asked, status: { ...asked.status, ...status } };
}
function phaseAt(asked: ApprovalRequest, time: number) {
  return standingOf(asked, time, {}).phase;
}
function used(asked: ApprovalRequest, n: number, time = now): ApprovalRequest {
  const next = consume(asked, use(n), at(time));
  if (next.kind !== "changed") throw new Error(`not used: ${next.kind}`);
  return { ...asked, status: next.status };
}

describe("the effective phase", () => {
  it("is Pending without a status, and until voting ends", () => {
    const { status: _none, ...bare } = request();
    expect(phaseAt(bare, START)).toBe("Pending");
    expect(phaseAt(bare, START + 30 * MINUTE - 1)).toBe("Pending");
    expect(phaseAt(bare, START + 30 * MINUTE)).toBe("Expired");
  });

  it("is Approved for grantFor from the deciding vote", () => {
    const approved = withVote(request(), alice);
    expect(phaseAt(approved, START + 11 * MINUTE - 1)).toBe("Approved");
    expect(phaseAt(approved, START + 11 * MINUTE)).toBe("Expired");
  });

  it("stays approved when voting would have ended meanwhile", () => {
    const late = withVote(request(), alice, { decision: "approve" }, { now: START + 29 * MINUTE });
    expect(phaseAt(late, START + 35 * MINUTE)).toBe("Approved");
  });

  it("is narrowed by the grant", () => {
    const scoped = request([requirement({ allowScopedGrants: true })], 3);
    const granted = withVote(scoped, alice, { decision: "approve", grant: { uses: 2, for: "1m" } });
    expect(standingOf(granted, START + MINUTE, {})).toMatchObject({ phase: "Approved", usesLeft: 2 });
    expect(phaseAt(granted, START + 2 * MINUTE)).toBe("Expired");
  });

  it("does not believe a phase that nobody voted for", () => {
    expect(
      phaseAt(
        withStatus(request(), { phase: "Approved", approvedAt: new Date(START).toISOString(), votes: "1/1" }),
        now,
      ),
    ).toBe("Pending");
  });

  it("does not believe a later approvedAt", () => {
    const stretched = withStatus(withVote(request(), alice), {
      approvedAt: new Date(START + 20 * MINUTE).toISOString(),
    });
    expect(phaseAt(stretched, START + 11 * MINUTE)).toBe("Expired");
    expect(phaseAt(withStatus(stretched, { approvedAt: "never" }), now)).toBe("Expired");
  });

  it("does not come back from a closed phase", () => {
    const approved = withVote(request(), alice);
    for (const phase of approvalPhases.filter((one) => !isOpen(one)))
      expect(phaseAt(withStatus(approved, { phase }), now)).toBe(phase);
  });

  it("is Denied when a deny stands among the votes, whatever phase was written", () => {
    const denied = withVote(request([requirement({ quorum: 2 })]), alice, { decision: "deny" });
    expect(phaseAt(withStatus(denied, { phase: "Approved" }), now)).toBe("Denied");
  });

  it("is Expired when the end of voting cannot be read", () => {
    const asked = request();
    expect(phaseAt({ ...asked, spec: { ...asked.spec, expiresAt: "tomorrow" } }, now)).toBe("Expired");
  });
});

describe("votes that were written past admission", () => {
  const honest = withVote(request(), alice).status?.decisions?.[0] as RecordedVote;
  const two = request([requirement({ quorum: 2 })]);

  it.each([
    ["somebody who is no approver", { by: mallory }],
    ["a digest that is not of this vote", { votedDigest: digestOf("other") }],
    ["edits under the digest of the original", { edits: [{ set: "args.amount", value: 1 }] }],
    ["a time after voting ended", { at: new Date(START + 31 * MINUTE).toISOString() }],
    ["no readable time", { at: "soon" }],
    [
      "a grant no rule allows",
      { grant: { uses: 1 }, votedDigest: votedDigestOf(request().spec.action.digest, { grant: { uses: 1 } }) },
    ],
  ])("do not count: %s", (_what, forged) => {
    const asked = withStatus(request(), { phase: "Approved", decisions: [{ ...honest, ...forged }] });
    expect(standingOf(asked, now, {})).toMatchObject({ phase: "Pending", votes: "0/1", approval: undefined });
  });

  it("do not count twice for the same person", () => {
    const asked = withStatus(two, {
      phase: "Approved",
      decisions: [honest, { ...honest, by: { ...alice, uid: "another" } }],
    });
    expect(standingOf(asked, now, {})).toMatchObject({ phase: "Pending", votes: "1/2" });
  });

  it("are not named among those who approved", () => {
    const decisions = [{ ...honest, by: mallory }, honest];
    expect(standingOf(withStatus(request(), { decisions }), now, {}).approval?.approvers).toEqual(["alice"]);
  });

  it("cannot make a quorum of nobody", () => {
    expect(phaseAt(withStatus(request([]), { decisions: [honest] }), now)).toBe("Pending");
  });

  it("of the local approver count only where there is one", () => {
    const local = { localApprover: "local-approver" };
    const asked = withVote(
      two,
      { username: "local-approver", groups: [] },
      { decision: "approve" },
      { electorate: local },
    );
    expect(standingOf(asked, now, local).phase).toBe("Approved");
    expect(standingOf(asked, now, {}).phase).toBe("Pending");
  });
});

describe("using it", () => {
  const approved = withVote(request([requirement()], 2), alice);

  it("takes one use after the other, then it is Consumed", () => {
    const once = used(approved, 1);
    expect(once.status).toMatchObject({ phase: "Approved", uses: [{ uid: "uid-1" }] });
    const twice = used(once, 2);
    expect(twice.status?.phase).toBe("Consumed");
    expect(consume(twice, use(3), at(now))).toMatchObject({ kind: "refused", why: "every use of it is spent" });
  });

  it("is the retry for the same uid and request, also when it is spent or its time is over", () => {
    const twice = used(used(approved, 1), 2);
    expect(consume(twice, use(1), at(now))).toEqual({ kind: "unchanged" });
    expect(consume(twice, use(1), at(START + 60 * MINUTE))).toEqual({ kind: "unchanged" });
    expect(usedBy(twice, use(3))).toBe(false);
  });

  it("is not the retry for the same uid with another request", () => {
    const once = used(approved, 1);
    expect(consume(once, { uid: "uid-1", requestDigest: digestOf("other") }, at(now))).toMatchObject({
      kind: "refused",
    });
  });

  it.each([
    ["before it is approved", request(), now],
    ["with too few votes", withVote(request([requirement({ quorum: 2 })]), bob), now],
    ["when its time is over", approved, START + 11 * MINUTE],
    ["when it was denied", withVote(request(), alice, { decision: "deny" }), now],
    ["when it is only said to be approved", withStatus(request(), { phase: "Approved" }), now],
  ])("is refused %s", (_when, asked, time) => {
    expect(consume(asked, use(1), at(time)).kind).toBe("refused");
  });

  it("is refused, also for the retry, once it was withdrawn", () => {
    const once = used(approved, 1);
    const taken = withdraw(once, "the run ended", now, {});
    if (taken.kind !== "changed") throw new Error("not withdrawn");
    expect(taken.status).toMatchObject({ phase: "Withdrawn", reason: "the run ended" });
    expect(consume({ ...once, status: taken.status }, use(1), at(now)).kind).toBe("refused");
  });
});

describe("closing it", () => {
  it("is a deny when an open request is deleted", () => {
    expect(denyByDeletion(request(), "root", now, {})).toMatchObject({
      kind: "changed",
      status: { phase: "Denied", reason: "deleted by root" },
    });
  });

  it("does nothing to a closed one", () => {
    const denied = withVote(request(), alice, { decision: "deny" });
    expect(withdraw(denied, "x", now, {}).kind).toBe("refused");
    expect(denyByDeletion(denied, "x", now, {}).kind).toBe("refused");
    expect(expire(denied, START + 60 * MINUTE, {}).kind).toBe("unchanged");
  });

  it("writes an expiry down with its reason", () => {
    expect(expire(request(), now, {}).kind).toBe("unchanged");
    expect(expire(request(), START + 30 * MINUTE, {})).toMatchObject({
      kind: "changed",
      status: { phase: "Expired", reason: "nobody decided in time" },
    });
    const approved = withVote(request(), alice);
    expect(expire(approved, START + 11 * MINUTE, {})).toMatchObject({
      status: { phase: "Expired", reason: "the approval was not used in time" },
    });
  });
});
