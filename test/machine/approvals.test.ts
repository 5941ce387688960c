import { describe, expect, it } from 'vitest';
import { quorumReached } from '../../src/domain/item/context.ts';
import type { Quorum } from '../../src/domain/playbook/playbook.ts';
import {
  actor,
  briefDigest,
  CAST,
  draftDigest,
  HOLDERS,
  PLAYBOOK,
  TestRun,
} from './item-fixture.ts';
import {
  approve,
  requestChanges,
  submit,
  toCreation,
  toHandover,
  toOffered,
  toPlanning,
  toReview,
  toScheduled,
} from './item-journeys.ts';

function lastSet(run: TestRun) {
  const set = run.context.approvals.at(-1);
  if (set === undefined) throw new Error('no approval set was opened');
  return set;
}

describe('an approval binds one content hash', () => {
  it.each([
    ['review', toReview],
    ['an offered handoff', toHandover],
    ['planning', toPlanning],
    ['a schedule', () => toScheduled()],
  ])('an edit in %s voids it and re-opens the gate', (_, start) => {
    const run = start();
    const types = run.give('save_draft', CAST.creator, { draft: draftDigest(2) });
    expect(types).toContain('approval.voided');
    expect(run.place).toBe('creation.drafting');
    expect(lastSet(run).state).toBe('voided');
  });

  it('a revised brief voids it too', () => {
    const run = toPlanning();
    const types = run.give('save_brief', CAST.strategist, { brief: briefDigest({ hash: 'b2' }) });
    expect(types).toEqual(['brief.saved', 'approval.voided', 'item.stage_changed']);
    expect(run.place).toBe('creation.drafting');
  });

  it('an identical save does nothing, wherever the item is', () => {
    for (const run of [toReview(), toHandover(), toPlanning(), toScheduled()]) {
      const before = run.snapshot;
      expect(run.give('save_draft', CAST.secondCreator, { draft: draftDigest(1) })).toEqual([]);
      expect(run.give('save_brief', CAST.strategist, { brief: briefDigest() })).toEqual([]);
      expect(run.snapshot).toEqual(before);
    }
  });

  it('stays void when the old text comes back', () => {
    const run = toHandover();
    run.give('save_draft', CAST.creator, { draft: draftDigest(2) });
    run.give('save_draft', CAST.creator, { draft: draftDigest(1) });
    expect(lastSet(run).contentHash).toBe(run.context.contentHash);
    expect(lastSet(run).state).toBe('voided');
    submit(run);
    expect(run.place).toBe('review.deciding');
    expect(run.context.approvals.map(({ state }) => state)).toEqual(['voided', 'open']);
  });

  it('withdraws the offer of the handoff that it was for', () => {
    const run = toHandover();
    const types = run.give('save_draft', CAST.creator, { draft: draftDigest(2) });
    expect(types).toContain('handoff.withdrawn');
  });
});

it('a submission keeps what its links call the campaign, where it was told', () => {
  const submitted = (facts: { linkCampaign?: string | null }) => {
    const run = toReview();
    requestChanges(run);
    const checklist = PLAYBOOK.checklists.review;
    run.give('submit_for_review', CAST.creator, { checklist }, { holders: HOLDERS, ...facts });
    return run.events.findLast(({ type }) => type === 'review.submitted')?.data;
  };
  expect(submitted({ linkCampaign: 'spring' })).toMatchObject({ linkCampaign: 'spring' });
  expect(submitted({ linkCampaign: null })).toMatchObject({ linkCampaign: null });
  expect(submitted({})).not.toHaveProperty('linkCampaign');
});

describe('a request for changes', () => {
  it('drops every decision of the set and counts a round', () => {
    const run = toReview();
    requestChanges(run);
    expect(run.place).toBe('creation.drafting');
    expect(run.context.round).toBe(1);
    expect(lastSet(run).state).toBe('changes_requested');
    submit(run);
    expect(lastSet(run)).toMatchObject({ number: 2, decisions: [], state: 'open' });
  });

  it('past the limit tells the strategist, whose acknowledgement is good for one submit', () => {
    const run = toReview();
    requestChanges(run);
    submit(run);
    requestChanges(run);
    expect(run.types).not.toContain('item.escalated');
    submit(run);
    requestChanges(run);
    expect(run.types).toContain('item.escalated');
    const asked = { checklist: PLAYBOOK.checklists.review };
    const facts = { holders: HOLDERS };
    expect(run.refusal('submit_for_review', CAST.creator, asked, facts)).toEqual([
      'revision_acknowledged',
    ]);
    run.give('acknowledge_revision', CAST.strategist, {});
    submit(run);
    run.give('save_draft', CAST.creator, { draft: draftDigest(5) });
    expect(run.refusal('submit_for_review', CAST.creator, asked, facts)).toEqual([
      'revision_acknowledged',
    ]);
  });
});

describe('four eyes over the whole line of drafts', () => {
  it('bars who wrote any version since the start, whoever is assigned now', () => {
    const run = toCreation();
    run.give('save_draft', CAST.creatorAndEditor, { draft: draftDigest(1) });
    run.give('save_draft', CAST.creator, { draft: draftDigest(2) });
    submit(run);
    const refs = {
      role: 'editor',
      contentHash: run.contentHash(),
      decision: 'approve',
    } as const;
    expect(run.refusal('decide_approval', CAST.creatorAndEditor, refs)).toEqual(['four_eyes']);
    run.give(
      'reassign',
      CAST.strategist,
      { role: 'creator', memberId: CAST.secondCreator.memberId, as: 'owner' },
      { receiverRoles: ['creator'], receiverActive: true },
    );
    expect(run.refusal('decide_approval', CAST.creatorAndEditor, refs)).toEqual(['four_eyes']);
    expect(run.refusal('decide_approval', CAST.editor, refs)).toEqual([]);
  });

  it('bars who submitted without having written', () => {
    const run = toCreation();
    run.give('save_draft', CAST.creator, { draft: draftDigest(1) });
    submit(run, CAST.creatorAndEditor);
    const refs = { role: 'editor', contentHash: run.contentHash(), decision: 'approve' } as const;
    expect(run.refusal('decide_approval', CAST.creatorAndEditor, refs)).toEqual(['four_eyes']);
  });

  it('bars a co-author once there is something of theirs', () => {
    const coAuthor = actor('mbr_expert', ['editor']);
    const run = toCreation();
    run.give(
      'reassign',
      CAST.creator,
      { role: 'creator', memberId: coAuthor.memberId, as: 'co_author' },
      { receiverRoles: ['editor'], receiverActive: true },
    );
    run.give('save_draft', coAuthor, { draft: draftDigest(1) });
    submit(run);
    const refs = { role: 'editor', contentHash: run.contentHash(), decision: 'approve' } as const;
    expect(run.refusal('decide_approval', coAuthor, refs)).toEqual(['four_eyes']);
  });

  it('lets the strategist, who wrote the brief, approve as an editor', () => {
    const run = toReview();
    const both = actor(CAST.strategist.memberId, ['strategist', 'editor']);
    approve(run, both);
    expect(run.place).toBe('scheduling.offered');
  });
});

describe('the gate', () => {
  it.each([
    [['regulated'], ['editor', 'legal']],
    [['sponsored'], ['editor', 'legal']],
    [['claims'], ['editor', 'legal']],
    [['technical'], ['editor', 'subject_expert']],
    [['news'], ['editor', 'public_relations']],
    [[], ['editor']],
  ])('for a brief that says %j asks %j', (facts, roles) => {
    const run = toOffered({ brief: null });
    run.give('save_brief', CAST.strategist, { brief: briefDigest({ hash: 'facts', facts }) });
    const { brief } = PLAYBOOK.checklists;
    run.give('offer_handoff', CAST.strategist, { checklist: brief }, { holders: HOLDERS });
    run.give('accept_handoff', CAST.creator, {});
    run.give('save_draft', CAST.creator, { draft: draftDigest(1) });
    const holders = { ...HOLDERS, subject_expert: ['mbr_x'], public_relations: ['mbr_y'] };
    const { review } = PLAYBOOK.checklists;
    run.give('submit_for_review', CAST.creator, { checklist: review }, { holders });
    expect(lastSet(run).asked.map(({ role }) => role)).toEqual(roles);
  });

  it('closes when every asked role has decided, and not before', () => {
    const run = new TestRun({ ...toReview().snapshot });
    const set = lastSet(run);
    const asked = [...set.asked, { role: 'legal' as const, quorum: 'any' as const, members: [] }];
    run.snapshot = {
      ...run.snapshot,
      context: { ...run.context, approvals: [{ ...set, asked }] },
    };
    approve(run);
    expect(run.place).toBe('review.deciding');
    run.give('decide_approval', CAST.legal, {
      role: 'legal',
      contentHash: run.contentHash(),
      decision: 'approve',
    });
    expect(run.place).toBe('scheduling.offered');
  });

  it.each<[Quorum, string[], boolean]>([
    ['any', [], false],
    ['any', ['a'], true],
    ['all', ['a'], false],
    ['all', ['a', 'b'], true],
    [{ atLeast: 2 }, ['a'], false],
    [{ atLeast: 2 }, ['a', 'c'], true],
  ])('with a quorum of %j and approvals of %j is reached: %s', (quorum, members, reached) => {
    const decisions = members.map((memberId) => ({
      role: 'editor' as const,
      memberId,
      decision: 'approve' as const,
      contentHash: 'h',
      at: '',
    }));
    expect(quorumReached({ role: 'editor', quorum, members: ['a', 'b'] }, decisions)).toBe(reached);
    const elsewhere = decisions.map((decision) => ({ ...decision, role: 'legal' as const }));
    expect(quorumReached({ role: 'editor', quorum, members: ['a', 'b'] }, elsewhere)).toBe(false);
  });

  it('does not count one member twice, and lets nobody decide twice in a set', () => {
    const run = new TestRun({ ...toReview().snapshot });
    const set = lastSet(run);
    const asked = set.asked.map((role) => ({ ...role, quorum: { atLeast: 2 } }));
    run.snapshot = { ...run.snapshot, context: { ...run.context, approvals: [{ ...set, asked }] } };
    approve(run);
    const refs = { role: 'editor', contentHash: run.contentHash() } as const;
    expect(run.refusal('decide_approval', CAST.editor, { ...refs, decision: 'approve' })).toEqual([
      'not_decided_before',
    ]);
    const no = { ...refs, decision: 'request_changes', reason: 'quality' } as const;
    expect(run.refusal('decide_approval', CAST.editor, no)).toEqual(['not_decided_before']);
    approve(run, CAST.secondEditor);
    expect(run.place).toBe('scheduling.offered');
  });

  it('keeps who must all approve as they were when the set was opened, without the authors', () => {
    const run = toCreation({
      playbook: { ...PLAYBOOK, gate: [{ role: 'editor', quorum: 'all' }] },
    });
    run.give('save_draft', CAST.creatorAndEditor, { draft: draftDigest(1) });
    submit(run);
    expect(lastSet(run).asked[0]?.members).toEqual(['mbr_editor', 'mbr_second_editor']);
    approve(run);
    expect(run.place).toBe('review.deciding');
    approve(run, CAST.secondEditor);
    expect(run.place).toBe('scheduling.offered');
  });
});

describe('a draft that is handed in', () => {
  const over = ['sandbox text: 501 of 500 characters'];

  function submission(saved: string[], facts: { violations?: string[]; draftHash?: string }) {
    const run = toCreation();
    const draft = draftDigest(1, { violations: saved });
    run.give('save_draft', CAST.creator, { draft });
    const asked = { checklist: PLAYBOOK.checklists.review };
    const given = { holders: HOLDERS, failedChecks: [], ...facts };
    return run.refusal('submit_for_review', CAST.creator, asked, given);
  }
  const { hash: draftHash } = draftDigest(1);

  it('is judged by the limits of now, tighter or wider than when it was saved', () => {
    expect(submission([], { violations: over, draftHash })).toEqual(['variants_in_limits']);
    expect(submission(over, { violations: [], draftHash })).toEqual([]);
  });

  it('is judged as it was saved where another draft was looked at, or none', () => {
    expect(submission(over, { violations: [], draftHash: 'an earlier one' })).toEqual([
      'variants_in_limits',
    ]);
    expect(submission([], { violations: over, draftHash: 'an earlier one' })).toEqual([]);
    expect(submission(over, {})).toEqual(['variants_in_limits']);
  });
});
