import { describe, expect, it } from 'vitest';
import type { SystemEvent } from '../../src/domain/item/commands.ts';
import { deadlinesOf, eventForDeadline } from '../../src/domain/item/deadlines.ts';
import { isSuperseded } from '../../src/domain/item/moves/publication.ts';
import {
  ACCOUNTS,
  CAST,
  DAY,
  draftDigest,
  HOUR,
  later,
  MINUTE,
  slot,
  type TestRun,
} from './item-fixture.ts';
import { approve, plan, send, submit, toPlanning, toScheduled } from './item-journeys.ts';

type Outcome = Extract<SystemEvent, { type: 'publication_settled' }>['outcome'];

function resolve(
  run: TestRun,
  account: { channelAccountId: string },
  outcome: 'live' | 'not_live' | 'publish_again' | 'reschedule' | 'skip',
  at?: string,
): string[] {
  const record = run.publication(account);
  const { channelAccountId, channel } = record;
  return run.give(
    'resolve_publication',
    CAST.manager,
    {
      publicationId: record.id,
      outcome,
      evidence: 'looked at the channel',
      ...(at !== undefined && { slot: slot({ channelAccountId, channel }, at) }),
    },
    { slots: [] },
  );
}

function states(run: TestRun): string[] {
  return run.context.publications.map(({ state }) => state);
}

describe('a due slot', () => {
  it('starts one send and no second one', () => {
    const run = toScheduled();
    send(run, ACCOUNTS.sandbox, 'due');
    const { id } = run.publication(ACCOUNTS.sandbox);
    expect(run.effects).toEqual([{ type: 'start_publication', publicationId: id }]);
    expect(run.happen({ type: 'publication_due', at: run.at, publicationId: id })).toEqual([]);
    expect(run.effects).toHaveLength(1);
    expect(run.place).toBe('publishing');
  });

  it('seen later than its grace is missed, never due', () => {
    const run = toScheduled();
    const { id, at } = run.publication(ACCOUNTS.sandbox);
    const late = later(at, 15 * MINUTE + 1);
    expect(run.happen({ type: 'publication_due', at: late, publicationId: id })).toEqual([
      'publication.missed',
      'item.stage_changed',
    ]);
    expect(run.effects).toEqual([]);
    expect(run.place).toBe('publishing');
  });

  it('is never sent before its time, however the timer was armed', () => {
    const run = toScheduled();
    const { id, at } = run.publication(ACCOUNTS.sandbox);
    plan(run, ACCOUNTS.second);
    const publications = [slot(ACCOUNTS.sandbox, later(at, DAY))];
    run.give('plan_schedule', CAST.manager, { publications }, { slots: [] });
    const before = run.snapshot;
    run.happen({ type: 'publication_due', at, publicationId: id });
    run.happen({ type: 'slot_passed', at: later(at, HOUR), publicationId: id });
    expect(run.snapshot).toEqual(before);
  });

  it('without an approval of its content goes back to the gate instead', () => {
    const run = toScheduled();
    const { id, at } = run.publication(ACCOUNTS.sandbox);
    const publications = run.context.publications.map((record) => ({
      ...record,
      contentHash: 'another',
    }));
    run.snapshot = { ...run.snapshot, context: { ...run.context, publications } };
    const deadline = { kind: 'publication_due', at: Date.parse(at), publicationId: id } as const;
    const event = eventForDeadline(deadline, run.context, deadline.at);
    if (event === null) throw new Error('the slot is due');
    expect(run.happen(event)).toEqual([
      'publication.returned',
      'approval.voided',
      'item.stage_changed',
    ]);
    expect(run.effects).toEqual([]);
    expect(run.place).toBe('creation.drafting');
  });
});

describe('the stage rule, when a record settles', () => {
  it.each<[Outcome, 'alone' | 'planned' | 'published', string]>([
    ['published', 'alone', 'measuring'],
    ['published', 'planned', 'scheduled'],
    ['published', 'published', 'measuring'],
    ['rejected', 'alone', 'scheduling.planning'],
    ['rejected', 'planned', 'scheduled'],
    ['rejected', 'published', 'measuring'],
    ['unknown', 'alone', 'publishing'],
    ['unknown', 'planned', 'publishing'],
    ['unknown', 'published', 'publishing'],
    ['missed', 'alone', 'publishing'],
    ['hash_mismatch', 'alone', 'creation.drafting'],
    ['hash_mismatch', 'planned', 'creation.drafting'],
    ['hash_mismatch', 'published', 'creation.drafting'],
  ])('%s with another record %s leads to %s', (outcome, other, place) => {
    const run =
      other === 'alone'
        ? toScheduled()
        : other === 'planned'
          ? toScheduled(ACCOUNTS.sandbox, ACCOUNTS.mastodon)
          : toScheduled(ACCOUNTS.mastodon, ACCOUNTS.sandbox);
    if (other === 'published') send(run, ACCOUNTS.mastodon);
    send(run, ACCOUNTS.sandbox, outcome);
    expect(run.place).toBe(place);
  });

  it('keeps the reason when nothing is left to publish', () => {
    const run = toScheduled();
    send(run, ACCOUNTS.sandbox, 'rejected');
    expect(run.context.stageNote).toMatch(/^rejected/);
    plan(run, ACCOUNTS.sandbox);
    expect(run.context.stageNote).toBeNull();
    expect(run.publication(ACCOUNTS.sandbox).slotNumber).toBe(2);
  });

  it('takes an outcome once, and none of a record that is not being sent', () => {
    const run = toScheduled(ACCOUNTS.sandbox, ACCOUNTS.mastodon);
    send(run, ACCOUNTS.sandbox);
    const before = run.snapshot;
    for (const { id } of run.context.publications) {
      const key = { at: run.at, publicationId: id };
      run.happen({ type: 'publication_settled', ...key, outcome: 'unknown' });
      run.happen({ type: 'publication_settled', ...key, outcome: 'hash_mismatch' });
      run.happen({ type: 'publication_sending', ...key });
    }
    expect(run.snapshot).toEqual(before);
  });
});

describe('a send that finds another content than the approved one', () => {
  it('returns its record to planned and voids the approvals', () => {
    const run = toScheduled();
    send(run, ACCOUNTS.sandbox, 'hash_mismatch');
    expect(states(run)).toEqual(['planned']);
    expect(run.context.approvals.at(-1)?.state).toBe('voided');
    submit(run);
    approve(run);
    expect(run.place).toBe('scheduling.offered');
  });

  it('leaves the approvals of a later content alone', () => {
    const run = toPlanning();
    const at = later(run.at, DAY);
    const publications = [slot(ACCOUNTS.sandbox, at), slot(ACCOUNTS.second, at)];
    run.give('plan_schedule', CAST.manager, { publications }, { slots: [] });
    send(run, ACCOUNTS.second, 'sending');
    send(run, ACCOUNTS.sandbox, 'hash_mismatch');
    expect(states(run)).toEqual(['planned', 'sending']);
    run.give('save_draft', CAST.creator, { draft: draftDigest(2) });
    submit(run);
    approve(run);
    const { id } = run.publication(ACCOUNTS.second);
    const key = { at: run.at, publicationId: id };
    expect(isSuperseded(run.context, id)).toBe(true);
    const settled = { outcome: 'hash_mismatch', superseded: true } as const;
    run.happen({ type: 'publication_settled', ...key, ...settled });
    expect(run.place).toBe('scheduling.offered');
    expect(run.context.approvals.at(-1)?.state).toBe('granted');
  });

  it('settled elsewhere about the content as it is, sends the item back to its gate', () => {
    const run = toPlanning();
    const at = later(run.at, DAY);
    const publications = [slot(ACCOUNTS.sandbox, at), slot(ACCOUNTS.second, at)];
    run.give('plan_schedule', CAST.manager, { publications }, { slots: [] });
    send(run, ACCOUNTS.second, 'sending');
    send(run, ACCOUNTS.sandbox, 'hash_mismatch');
    submit(run);
    const { id } = run.publication(ACCOUNTS.second);
    const key = { at: run.at, publicationId: id };
    run.happen({ type: 'publication_settled', ...key, outcome: 'hash_mismatch' });
    expect(run.place).toBe('creation.drafting');
    expect(run.context.approvals.at(-1)?.state).toBe('voided');
  });
});

describe('an unknown outcome', () => {
  function unknown(): TestRun {
    const run = toScheduled();
    send(run, ACCOUNTS.sandbox, 'unknown');
    return run;
  }

  it('live is published, with checkpoints from its slot', () => {
    const run = unknown();
    expect(resolve(run, ACCOUNTS.sandbox, 'live')).toEqual([
      'publication.resolved',
      'publication.published',
      'kpi_checkpoint.planned',
      'item.stage_changed',
    ]);
    expect(run.place).toBe('measuring');
    expect(run.context.checkpoints[0]?.dueAt).toBe(
      later(run.publication(ACCOUNTS.sandbox).at, HOUR),
    );
  });

  it('not live leaves the item to be planned again', () => {
    const run = unknown();
    resolve(run, ACCOUNTS.sandbox, 'not_live');
    expect(run.place).toBe('scheduling.planning');
    expect(run.context.stageNote).toContain('not_live');
  });

  it('published again is a new slot of the same account, bound to the content as it is', () => {
    const run = unknown();
    const { id } = run.publication(ACCOUNTS.sandbox);
    resolve(run, ACCOUNTS.sandbox, 'publish_again', later(run.at, DAY));
    expect(states(run)).toEqual(['not_live', 'planned']);
    expect(run.publication(ACCOUNTS.sandbox)).toMatchObject({
      slotNumber: 2,
      contentHash: run.context.contentHash,
    });
    expect(run.publication(ACCOUNTS.sandbox).id).not.toBe(id);
    expect(run.place).toBe('scheduled');
  });

  it('cannot be published again on another account', () => {
    const run = unknown();
    const refs = {
      publicationId: run.publication(ACCOUNTS.sandbox).id,
      outcome: 'publish_again',
      evidence: 'not there',
      slot: slot(ACCOUNTS.second, later(run.at, DAY)),
    } as const;
    expect(run.refusal('resolve_publication', CAST.manager, refs, { slots: [] })).toEqual([
      'slot_valid',
    ]);
  });

  it('outside publishing changes its record only, and nothing is sent from there', () => {
    const run = toScheduled(ACCOUNTS.sandbox, ACCOUNTS.mastodon);
    send(run, ACCOUNTS.sandbox, 'unknown');
    run.give('save_draft', CAST.creator, { draft: draftDigest(2) });
    const refs = {
      publicationId: run.publication(ACCOUNTS.sandbox).id,
      outcome: 'publish_again',
      evidence: 'not there',
      slot: slot(ACCOUNTS.sandbox, later(run.at, DAY)),
    } as const;
    expect(run.refusal('resolve_publication', CAST.manager, refs, { slots: [] })).toContain(
      'outcome_fits',
    );
    resolve(run, ACCOUNTS.sandbox, 'live');
    expect(run.place).toBe('creation.drafting');
    expect(states(run)).toEqual(['published', 'planned']);
  });

  it('freezes the variant that may be out, and lets others change', () => {
    const run = toScheduled(ACCOUNTS.sandbox, ACCOUNTS.mastodon);
    send(run, ACCOUNTS.sandbox, 'unknown');
    const changed = { sandbox: 'changed', mastodon: 'changed' };
    expect(
      run.refusal('save_draft', CAST.creator, { draft: draftDigest(2, { variants: changed }) }),
    ).toEqual(['variant_frozen']);
    expect(run.refusal('save_draft', CAST.creator, { draft: draftDigest(2) })).toEqual([]);
  });
});

describe('a missed slot', () => {
  function missed(): TestRun {
    const run = toScheduled();
    run.give('hold', CAST.manager, { reason: 'a crisis' });
    run.wait(DAY + HOUR);
    run.give('resume', CAST.manager, { reason: 'it is over' });
    return run;
  }

  it('is rescheduled under its id', () => {
    const run = missed();
    const { id } = run.publication(ACCOUNTS.sandbox);
    resolve(run, ACCOUNTS.sandbox, 'reschedule', later(run.at, DAY));
    expect(run.publication(ACCOUNTS.sandbox)).toMatchObject({
      id,
      slotNumber: 1,
      state: 'planned',
    });
    expect(run.place).toBe('scheduled');
  });

  it('is skipped', () => {
    const run = missed();
    resolve(run, ACCOUNTS.sandbox, 'skip');
    expect(states(run)).toEqual(['skipped']);
    expect(run.place).toBe('scheduling.planning');
  });
});

describe('a deadline', () => {
  it('produces nothing once what it is about has moved', () => {
    const run = toScheduled();
    const [due] = deadlinesOf(run.place, run.context);
    if (due?.kind !== 'publication_due') throw new Error('the slot is the next deadline');
    expect(eventForDeadline(due, run.context, due.at - 1)).toBeNull();
    expect(eventForDeadline(due, run.context, due.at)).toMatchObject({ type: 'publication_due' });
    const grace = due.at + 15 * MINUTE;
    expect(eventForDeadline(due, run.context, grace)).toMatchObject({ type: 'publication_due' });
    expect(eventForDeadline(due, run.context, grace + 1)).toMatchObject({ type: 'slot_passed' });
    run.give('unschedule', CAST.manager, {});
    expect(eventForDeadline(due, run.context, due.at)).toBeNull();
  });

  it('of a checkpoint produces nothing: its readings are collected first', () => {
    const run = toScheduled();
    send(run, ACCOUNTS.sandbox);
    const checkpoint = deadlinesOf(run.place, run.context).find(
      ({ kind }) => kind === 'checkpoint',
    );
    if (checkpoint?.kind !== 'checkpoint') throw new Error('a checkpoint is due');
    // An hour later it is another age, so +1h has a window of its own age.
    expect(checkpoint.graceUntil - checkpoint.at).toBe(HOUR);
    expect(eventForDeadline(checkpoint, run.context, checkpoint.at)).toBeNull();
  });
});
