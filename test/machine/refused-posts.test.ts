import { describe, expect, it } from 'vitest';
import { alarmsOf } from '../../src/domain/item/alarms.ts';
import { waitingOn } from '../../src/domain/item/responsible.ts';
import {
  ACCOUNTS,
  CAST,
  DAY,
  draftDigest,
  HOUR,
  later,
  slot,
  type TestRun,
} from './item-fixture.ts';
import {
  approve,
  freeze,
  plan,
  send,
  submit,
  toPlanning,
  toRefused,
  toReviewedRefusal,
  toScheduled,
} from './item-journeys.ts';

const REASON = { reason: 'the network does not want it' };

function refusals(run: TestRun): string[] {
  return alarmsOf(run.place, run.context)
    .filter(({ code }) => code === 'publication_rejected')
    .map(({ publicationId }) => publicationId ?? '');
}

function waits(run: TestRun): string[] {
  return waitingOn(run.place, run.context).map((waited) => `${waited.role} ${waited.for}`);
}

function skip(run: TestRun, publicationId: string): string[] {
  return run.give('skip_publication', CAST.manager, { publicationId, ...REASON });
}

function states(run: TestRun): string[] {
  return run.context.publications.map(({ channelAccountId, slotNumber, state }) =>
    [channelAccountId.replace('cha_', ''), slotNumber, state].join(' '),
  );
}

function toEdited(): TestRun {
  const run = toScheduled(ACCOUNTS.sandbox, ACCOUNTS.mastodon);
  send(run, ACCOUNTS.sandbox, 'rejected');
  run.give('save_draft', CAST.creator, { draft: draftDigest(2) });
  return run;
}

/** The same refusal in every stage in which an item can have one. */
const RUNS: Record<string, () => TestRun> = {
  'creation.drafting': toEdited,
  'review.deciding': () => {
    const run = toEdited();
    submit(run);
    return run;
  },
  'scheduling.offered': () => {
    const run = toEdited();
    submit(run);
    approve(run);
    return run;
  },
  'scheduling.planning': () => {
    const run = toScheduled(ACCOUNTS.sandbox);
    send(run, ACCOUNTS.sandbox, 'rejected');
    return run;
  },
  scheduled: () => {
    const run = toScheduled(ACCOUNTS.sandbox, ACCOUNTS.mastodon);
    send(run, ACCOUNTS.sandbox, 'rejected');
    return run;
  },
  publishing: () => {
    const run = toScheduled(ACCOUNTS.sandbox, ACCOUNTS.mastodon, ACCOUNTS.second);
    send(run, ACCOUNTS.sandbox, 'rejected');
    run.give('hold', CAST.manager, { reason: 'a crisis' });
    run.waitUntil(later(run.publication(ACCOUNTS.mastodon).at, 20 * 60_000));
    run.give('resume', CAST.manager, { reason: 'it is over' });
    return run;
  },
  measuring: () => toRefused(),
  kpi_review: () => toReviewedRefusal(),
  on_hold: () => {
    const run = toRefused();
    run.give('hold', CAST.strategist, { reason: 'a crisis' });
    return run;
  },
};

describe.each(Object.keys(RUNS))('a post that its network refused, in %s', (place) => {
  const start = (): TestRun => {
    const run = RUNS[place]?.() ?? expect.fail(place);
    expect(run.place).toBe(place);
    return run;
  };
  const refusedOf = (run: TestRun) =>
    run.context.publications.find(({ state }) => state === 'rejected')?.id ?? expect.fail('none');

  it('is a finding and waits for the social media manager', () => {
    const run = start();
    expect(refusals(run)).toEqual([refusedOf(run)]);
    expect(waits(run)).toContain('social_media_manager plan_schedule');
  });

  it('is planned again with a new slot number, and settled by that', () => {
    const run = start();
    const id = refusedOf(run);
    const publications = [slot(ACCOUNTS.sandbox, later(run.at, 20 * DAY))];
    run.give('plan_schedule', CAST.manager, { publications }, { slots: [] });
    expect(run.publication(ACCOUNTS.sandbox)).toMatchObject({ slotNumber: 2 });
    expect(run.publication(ACCOUNTS.sandbox).id).not.toBe(id);
    expect(run.context.publications.find((record) => record.id === id)?.state).toBe('rejected');
    expect(refusals(run)).toEqual([]);
  });

  it('is skipped with a reason, once, and keeps the words of the network in the chain', () => {
    const run = start();
    const publicationId = refusedOf(run);
    for (const refs of [{}, { reason: '' }, { reason: '  ' }]) {
      expect(run.refusal('skip_publication', CAST.manager, { publicationId, ...refs })).toEqual([
        'reason_given',
      ]);
    }
    skip(run, publicationId);
    expect(run.events.findLast(({ type }) => type === 'publication.skipped')?.data).toMatchObject({
      publicationId,
      evidence: REASON.reason,
      refusal: null,
    });
    expect(refusals(run)).toEqual([]);
    const again = { publicationId, ...REASON };
    expect(run.refusal('skip_publication', CAST.manager, again)).not.toEqual([]);
  });

  it('is planned again and skipped by the social media manager alone', () => {
    const run = start();
    const skipped = { publicationId: refusedOf(run), ...REASON };
    const publications = [slot(ACCOUNTS.sandbox, later(run.at, 20 * DAY))];
    for (const by of [CAST.strategist, CAST.creator, CAST.editor, CAST.admin, CAST.onlooker]) {
      expect(run.refusal('skip_publication', by, skipped)).toEqual(['holds_role']);
      expect(run.refusal('plan_schedule', by, { publications }, { slots: [] })).toEqual([
        'holds_role',
      ]);
    }
  });
});

describe('a refused post beside a published one', () => {
  it('leaves the item measuring, and its new slot takes it back to scheduled', () => {
    const run = toRefused();
    expect(run.place).toBe('measuring');
    plan(run, ACCOUNTS.sandbox);
    expect(run.place).toBe('scheduled');
    expect(waits(run)).toEqual([]);
    send(run, ACCOUNTS.sandbox);
    expect(run.place).toBe('measuring');
    expect(states(run)).toEqual([
      'mastodon 1 published',
      'sandbox 1 rejected',
      'sandbox 2 published',
    ]);
  });

  it('has checkpoints from its own time, beside those of the other', () => {
    const run = toRefused();
    run.wait(2 * DAY);
    plan(run, ACCOUNTS.sandbox);
    send(run, ACCOUNTS.sandbox);
    const late = run.publication(ACCOUNTS.sandbox);
    const own = run.context.checkpoints.filter(({ publicationId }) => publicationId === late.id);
    expect(own.map(({ state }) => state)).toEqual(own.map(() => 'due'));
    expect(own[0]?.dueAt).toBe(later(late.publishedAt ?? '', HOUR));
    const other = run.context.checkpoints.filter(({ publicationId }) => publicationId !== late.id);
    expect(other[0]?.state).toBe('recorded');
    run.wait(27 * DAY);
    // The first post is measured to its end; the late one keeps the review waiting.
    expect(run.place).toBe('measuring');
    run.wait(2 * DAY);
    expect(run.place).toBe('kpi_review');
  });

  it('is refused twice: one finding, and skipping it leaves nothing behind', () => {
    const run = toRefused();
    plan(run, ACCOUNTS.sandbox);
    send(run, ACCOUNTS.sandbox, 'rejected');
    expect(run.place).toBe('measuring');
    const [first, second] = run.context.publications.filter(({ state }) => state === 'rejected');
    expect(refusals(run)).toEqual([second?.id]);
    const stale = { publicationId: first?.id ?? '', ...REASON };
    expect(run.refusal('skip_publication', CAST.manager, stale)).toContain('publication_planned');
    skip(run, second?.id ?? '');
    expect(states(run)).toEqual(['mastodon 1 published', 'sandbox 1 skipped', 'sandbox 2 skipped']);
    expect(refusals(run)).toEqual([]);
    expect(waits(run)).toEqual([]);
  });

  it('comes back when its new slot is only taken back or released', () => {
    const run = toRefused();
    plan(run, ACCOUNTS.sandbox);
    expect(refusals(run)).toEqual([]);
    run.give('unschedule', CAST.manager, {});
    expect(refusals(run)).toHaveLength(1);
    run.give('plan_schedule', CAST.manager, { publications: [] }, { slots: [] });
    expect(run.place).toBe('measuring');
    expect(waits(run)).toEqual(['social_media_manager plan_schedule']);
  });

  it('is given up with the new slot that a person skips', () => {
    const run = toRefused();
    plan(run, ACCOUNTS.sandbox);
    const { id: publicationId } = run.publication(ACCOUNTS.sandbox);
    expect(run.refusal('skip_publication', CAST.manager, { publicationId })).toEqual([
      'reason_given',
    ]);
    skip(run, publicationId);
    expect(states(run)).toEqual(['mastodon 1 published', 'sandbox 1 skipped', 'sandbox 2 skipped']);
    expect(run.place).toBe('measuring');
    expect(refusals(run)).toEqual([]);
  });

  it('is given up with a new slot that was missed and is skipped', () => {
    const run = toRefused();
    plan(run, ACCOUNTS.sandbox);
    run.give('hold', CAST.manager, { reason: 'a crisis' });
    run.wait(2 * DAY);
    run.give('resume', CAST.manager, { reason: 'it is over' });
    const { id: publicationId, state } = run.publication(ACCOUNTS.sandbox);
    expect([run.place, state]).toEqual(['publishing', 'missed']);
    const refs = { publicationId, outcome: 'skip', evidence: 'too late for it' } as const;
    run.give('resolve_publication', CAST.manager, refs, { slots: [] });
    expect(run.place).toBe('measuring');
    expect(refusals(run)).toEqual([]);
  });

  it('does not let a plan name an account that is out, or one that was never planned', () => {
    const run = toRefused();
    const refused = (...accounts: { channelAccountId: string; channel: string }[]) =>
      run.refusal(
        'plan_schedule',
        CAST.manager,
        { publications: accounts.map((account) => slot(account, later(run.at, DAY))) },
        { slots: [] },
      );
    expect(refused(ACCOUNTS.mastodon)).toContain('account_free');
    expect(refused(ACCOUNTS.sandbox, ACCOUNTS.mastodon)).toContain('account_free');
    expect(refused(ACCOUNTS.third)).toEqual(['replaces_post']);
    expect(refused(ACCOUNTS.sandbox, ACCOUNTS.third)).toEqual(['replaces_post']);
    expect(refused()).toContain('replaces_post');
    expect(refused(ACCOUNTS.sandbox)).toEqual([]);
  });

  it('may be skipped while another post is being sent', () => {
    const run = toScheduled(ACCOUNTS.sandbox, ACCOUNTS.mastodon);
    send(run, ACCOUNTS.sandbox, 'rejected');
    send(run, ACCOUNTS.mastodon, 'sending');
    expect(run.place).toBe('publishing');
    expect(refusals(run)).toHaveLength(1);
    skip(run, run.publication(ACCOUNTS.sandbox).id);
    expect(states(run)).toEqual(['sandbox 1 skipped', 'mastodon 1 sending']);
  });

  it.each(['unknown', 'missed'] as const)('waits beside one that is %s', (outcome) => {
    const run = toScheduled(ACCOUNTS.sandbox, ACCOUNTS.mastodon);
    send(run, ACCOUNTS.sandbox, 'rejected');
    send(run, ACCOUNTS.mastodon, outcome);
    expect(run.place).toBe('publishing');
    expect(waits(run)).toEqual([
      'social_media_manager resolve_publication',
      'social_media_manager plan_schedule',
    ]);
    expect(refusals(run)).toHaveLength(1);
  });
});

describe('an item whose every post was refused', () => {
  it('waits in planning, where the last refusal may be skipped too', () => {
    const run = toScheduled(ACCOUNTS.sandbox, ACCOUNTS.mastodon);
    send(run, ACCOUNTS.sandbox, 'rejected');
    send(run, ACCOUNTS.mastodon, 'rejected');
    expect(run.place).toBe('scheduling.planning');
    expect(refusals(run)).toHaveLength(2);
    expect(waits(run)).toEqual(['social_media_manager plan_schedule']);
    skip(run, run.publication(ACCOUNTS.sandbox).id);
    expect(refusals(run)).toHaveLength(1);
    skip(run, run.publication(ACCOUNTS.mastodon).id);
    expect([run.place, refusals(run)]).toEqual(['scheduling.planning', []]);
    expect(waits(run)).toEqual(['social_media_manager plan_schedule']);
  });

  it('goes on with the account that is planned again, and keeps the other refusal open', () => {
    const run = toScheduled(ACCOUNTS.sandbox, ACCOUNTS.mastodon);
    send(run, ACCOUNTS.sandbox, 'rejected');
    send(run, ACCOUNTS.mastodon, 'rejected');
    plan(run, ACCOUNTS.sandbox);
    expect(run.place).toBe('scheduled');
    expect(waits(run)).toEqual(['social_media_manager plan_schedule']);
    send(run, ACCOUNTS.sandbox);
    expect(run.place).toBe('measuring');
    expect(refusals(run)).toEqual([run.publication(ACCOUNTS.mastodon).id]);
  });
});

describe('a refused post while the KPI review is open', () => {
  it('takes the item back, and a new review follows the late post', () => {
    const run = toReviewedRefusal();
    run.give('sign_off', CAST.strategist, { role: 'strategist', decision: 'scale' });
    plan(run, ACCOUNTS.sandbox);
    expect(run.place).toBe('scheduled');
    const signOff = { role: 'creator', decision: 'agree' } as const;
    expect(run.refusal('sign_off', CAST.creator, signOff)).toEqual(['in_stage']);
    send(run, ACCOUNTS.sandbox);
    expect(run.place).toBe('measuring');
    run.wait(29 * DAY);
    expect(run.place).toBe('kpi_review');
    expect(run.context.reviews.map(({ number, signOffs }) => [number, signOffs.length])).toEqual([
      [1, 1],
      [2, 0],
    ]);
    freeze(run);
    run.give('sign_off', CAST.strategist, { role: 'strategist', decision: 'scale' });
    expect(run.place).toBe('kpi_review');
  });

  it('refused again opens the next review at once: there is nothing more to measure', () => {
    const run = toReviewedRefusal();
    plan(run, ACCOUNTS.sandbox);
    send(run, ACCOUNTS.sandbox, 'rejected');
    expect(run.place).toBe('kpi_review');
    expect(run.context.reviews).toHaveLength(2);
    expect(refusals(run)).toHaveLength(1);
  });

  it('does not keep the three roles from closing the item, which says what was not out', () => {
    const run = toReviewedRefusal();
    run.give('sign_off', CAST.strategist, { role: 'strategist', decision: 'scale' });
    run.give('sign_off', CAST.creator, { role: 'creator', decision: 'agree' });
    const agree = { role: 'social_media_manager', decision: 'agree' } as const;
    run.give('sign_off', CAST.manager, agree);
    expect(run.place).toBe('closed');
    expect(refusals(run)).toEqual([]);
    expect(waits(run)).toEqual([]);
    expect(run.events.findLast(({ type }) => type === 'item.closed')?.data).toMatchObject({
      refused: [run.publication(ACCOUNTS.sandbox).id],
    });
  });
});

describe('a refused post on hold', () => {
  it('is planned for later; resumed in time, the item goes to its slot', () => {
    const run = RUNS['on_hold']?.() ?? expect.fail();
    plan(run, ACCOUNTS.sandbox);
    expect(run.place).toBe('on_hold');
    run.give('resume', CAST.strategist, { reason: 'it is over' });
    expect(run.place).toBe('scheduled');
  });

  it('resumed too late, the slot is missed and waits for a person', () => {
    const run = toReviewedRefusal();
    run.give('hold', CAST.strategist, { reason: 'a crisis' });
    plan(run, ACCOUNTS.sandbox);
    run.wait(2 * DAY);
    run.give('resume', CAST.strategist, { reason: 'it is over' });
    expect(run.place).toBe('publishing');
    expect(waits(run)).toEqual(['social_media_manager resolve_publication']);
  });

  it('of an item that was held while its slots were only tentative, is held for the approval', () => {
    const run = toEdited();
    run.give('hold', CAST.creator, { reason: 'a crisis' });
    const publications = [slot(ACCOUNTS.sandbox, later(run.at, 20 * DAY))];
    run.give('plan_schedule', CAST.manager, { publications }, { slots: [] });
    expect(run.publication(ACCOUNTS.sandbox)).toMatchObject({ state: 'tentative', slotNumber: 2 });
  });
});

describe('a refused post of an item that ends', () => {
  it('does not keep it from being cancelled, and is no finding any more', () => {
    const run = toRefused();
    run.give('cancel', CAST.strategist, { reason: 'no longer needed' });
    expect(run.place).toBe('cancelled');
    expect([refusals(run), waits(run)]).toEqual([[], []]);
  });

  it('waits for nobody once its campaign is cancelled', () => {
    const run = toPlanning({ campaign: { id: 'cmp_1', released: true } });
    plan(run, ACCOUNTS.sandbox, ACCOUNTS.mastodon);
    send(run, ACCOUNTS.sandbox, 'rejected');
    send(run, ACCOUNTS.mastodon, 'sending');
    run.happen({ type: 'campaign_cancelled', at: run.at, reason: 'over' });
    expect([run.place, refusals(run), waits(run)]).toEqual(['publishing', [], []]);
  });
});

describe('a post that a person says is not live, beside a published one', () => {
  it('is no finding, and can be planned again while the other one is measured', () => {
    const run = toScheduled(ACCOUNTS.sandbox, ACCOUNTS.second);
    send(run, ACCOUNTS.sandbox);
    send(run, ACCOUNTS.second, 'unknown');
    const { id: publicationId } = run.publication(ACCOUNTS.second);
    const refs = { publicationId, outcome: 'not_live', evidence: 'not there' } as const;
    run.give('resolve_publication', CAST.manager, refs, { slots: [] });
    expect([run.place, waits(run)]).toEqual(['measuring', []]);
    const skipped = { publicationId, ...REASON };
    expect(run.refusal('skip_publication', CAST.manager, skipped)).toContain('publication_planned');
    plan(run, ACCOUNTS.second);
    expect(run.place).toBe('scheduled');
  });
});
