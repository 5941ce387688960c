import { describe, expect, it } from 'vitest';
import type { PinnedPlaybook } from '../../src/domain/item/context.ts';
import {
  type LinkTerms,
  linkState,
  unmetForLink,
} from '../../src/domain/item/requirements/approval-link.ts';
import { pinPlaybook } from '../../src/domain/playbook/pin.ts';
import { type GateRule, Playbook } from '../../src/domain/playbook/playbook.ts';
import { STANDARD_PLAYBOOK } from '../../src/domain/playbook/standard.ts';
import {
  actor,
  CAST,
  draftDigest,
  HOLDERS,
  later,
  PLAYBOOK,
  type TestRun,
} from './item-fixture.ts';
import { toCreation, toHandover, toPlanning, toReview } from './item-journeys.ts';

const gateOf = (rule: Partial<PinnedPlaybook['gate'][number]>) => ({
  playbook: { ...PLAYBOOK, gate: [{ role: 'editor' as const, quorum: 'any' as const, ...rule }] },
});
const two = gateOf({ quorum: { atLeast: 2 } });

const linked = (id: string) => actor(`external:${id}`, ['editor']);
const yes = (run: TestRun) => ({
  role: 'editor' as const,
  contentHash: run.contentHash(),
  decision: 'approve' as const,
});

describe('a decision by link', () => {
  it('counts as one person of the quorum', () => {
    const run = toReview(two);
    run.give('decide_approval', linked('lnk_1'), yes(run));
    expect(run.place).toBe('review.deciding');
    run.give('decide_approval', CAST.editor, yes(run));
    expect(run.place).toBe('scheduling.offered');
    const decided = run.events.filter(({ type }) => type === 'approval.decided');
    expect(decided.map(({ actor: by }) => by)).toEqual(['external:lnk_1', CAST.editor.memberId]);
  });

  it('does not count twice for one person, whichever of their ids came first', () => {
    const run = toReview(two);
    run.give('decide_approval', linked('lnk_1'), yes(run));
    const again = { samePerson: ['external:lnk_1'] };
    for (const by of [linked('lnk_2'), CAST.editor]) {
      expect(run.refusal('decide_approval', by, yes(run), again)).toEqual(['not_decided_before']);
    }
  });

  it('is refused to whoever wrote the piece under another id', () => {
    const run = toReview();
    const facts = { samePerson: [CAST.creator.memberId] };
    expect(run.refusal('decide_approval', linked('lnk_1'), yes(run), facts)).toEqual(['four_eyes']);
  });
});

describe('a gate that names people outside', () => {
  const submitted = (run: TestRun, holders: object) =>
    run.refusal(
      'submit_for_review',
      CAST.creator,
      { checklist: PLAYBOOK.checklists.review },
      { holders },
    );

  it('needs no member for them, and knows only how many they are', () => {
    const rule: GateRule = {
      role: 'editor',
      quorum: { atLeast: 2 },
      approvers: [{ name: 'Ada', email: 'ada@lawyers.example' }],
    };
    const pinned = pinPlaybook({ ...STANDARD_PLAYBOOK, gate: [rule] } as Playbook);
    expect(JSON.stringify(pinned)).not.toMatch(/ada/i);
    expect(pinned.gate).toEqual([{ role: 'editor', quorum: { atLeast: 2 }, externals: 1 }]);
    const run = toCreation({ playbook: pinned });
    run.give('save_draft', CAST.creator, { draft: draftDigest(1) });
    expect(submitted(run, { editor: ['mbr_editor'] })).toEqual([]);
    expect(submitted(run, { editor: [] })).toEqual(['approvers_exist']);
  });

  it('names nobody where they could not count', () => {
    const approvers = [{ name: 'Ada', email: 'ada@lawyers.example' }];
    const refused = (rule: Partial<GateRule>) =>
      Playbook.safeParse({
        ...STANDARD_PLAYBOOK,
        gate: [{ role: 'editor', quorum: 'any', approvers, ...rule }],
      }).error?.issues.map(({ path }) => path.join('.'));
    expect(refused({})).toBeUndefined();
    expect(refused({ signIn: true })).toEqual(['gate.0.approvers']);
    expect(refused({ quorum: 'all' })).toEqual(['gate.0.approvers']);
  });
});

describe('who makes a link', () => {
  const codes = (run: TestRun, by = CAST.strategist, role: 'editor' | 'legal' = 'editor') =>
    unmetForLink(run, { actor: by, role }).map(({ code }) => code);

  it('is whoever may reassign in review, and wrote nothing', () => {
    for (const by of [CAST.strategist, CAST.editor, CAST.admin]) {
      expect(codes(toReview(), by)).toEqual([]);
    }
    for (const by of [CAST.creator, CAST.manager, CAST.legal]) {
      expect(codes(toReview(), by)).toEqual(['holds_role']);
    }
    const author = actor(CAST.creator.memberId, ['creator', 'strategist']);
    expect(codes(toReview(), author)).toEqual(['four_eyes']);
  });

  it('makes it in review, for a role that the gate asks and that may answer by link', () => {
    expect(codes(toCreation())).toEqual(['in_stage']);
    expect(codes(toHandover())).toEqual(['in_stage']);
    expect(codes(toReview(), CAST.strategist, 'legal')).toEqual(['role_asked']);
    expect(codes(toReview(gateOf({ signIn: true })))).toEqual(['signed_in']);
    expect(codes(toReview(gateOf({ quorum: 'all' })))).toEqual(['role_asked']);
  });
});

describe('the state of a link', () => {
  const terms = (run: TestRun): LinkTerms => ({
    role: 'editor',
    contentHash: run.contentHash(),
    approvalSet: 1,
    expiresAt: later(run.at, 1_000),
    revokedAt: null,
  });
  const stateOf = (run: TestRun, link = terms(run), change: object = {}) =>
    linkState(link, { context: run.context, now: run.at, isUsed: false, ...change });

  it('is open in review, and over at its end, for good after an edit', () => {
    const run = toReview();
    const link = terms(run);
    expect(stateOf(run, link)).toBe('open');
    expect(stateOf(run, link, { now: link.expiresAt })).toBe('expired');
    expect(stateOf(run, { ...link, revokedAt: run.at })).toBe('revoked');
    expect(stateOf(run, link, { isUsed: true })).toBe('used');
    run.give('save_draft', CAST.creator, { draft: draftDigest(2) });
    expect(stateOf(run, link)).toBe('void');
    run.give('save_draft', CAST.creator, { draft: draftDigest(1) });
    const { review } = PLAYBOOK.checklists;
    expect(run.contentHash()).toBe(link.contentHash);
    expect(stateOf(run, link)).toBe('void');
    run.give('submit_for_review', CAST.creator, { checklist: review }, { holders: HOLDERS });
    expect(stateOf(run, link)).toBe('void');
  });

  it('is void once the gate is closed, and when the item ends', () => {
    expect(stateOf(toPlanning())).toBe('void');
    const run = toReview();
    run.give('cancel', CAST.strategist, { reason: 'no longer wanted' });
    expect(stateOf(run)).toBe('void');
  });

  it('stays open on hold', () => {
    const run = toReview();
    run.give('hold', CAST.editor, { reason: 'an embargo' });
    expect(stateOf(run)).toBe('open');
  });
});
