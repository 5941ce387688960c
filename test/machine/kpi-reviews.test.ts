import { describe, expect, it } from 'vitest';
import type { ClockSteps } from '../../src/domain/item/commands/facts.ts';
import type { Command } from '../../src/domain/item/commands.ts';
import { waitsOf } from '../../src/domain/telling/waits.ts';
import { ACCOUNTS, actor, CAST, DAY, HOUR, later, PLAYBOOK, type TestRun } from './item-fixture.ts';
import { freeze, RUN_AT, send, toMeasuring, toReviewing, toScheduled } from './item-journeys.ts';

type Role = Command<'sign_off'>['refs']['role'];

function sign(run: TestRun, role: Role, refs: Partial<Command<'sign_off'>['refs']>): string[] {
  const by = {
    strategist: CAST.strategist,
    creator: CAST.creator,
    social_media_manager: CAST.manager,
  };
  return run.give('sign_off', by[role], { role, decision: 'agree', ...refs });
}

describe('measuring', () => {
  it('takes checkpoints at ages of the publication and then opens the review, once', () => {
    const run = toMeasuring();
    expect(run.context.checkpoints.map(({ checkpoint }) => checkpoint)).toEqual(
      PLAYBOOK.checkpoints.map(({ name }) => name),
    );
    run.wait(28 * DAY - 1);
    expect(run.place).toBe('measuring');
    expect(run.wait(1)).toEqual([
      'kpi_checkpoint.recorded',
      'kpi_review.opened',
      'item.stage_changed',
    ]);
    expect(run.effects.at(-1)).toEqual({
      type: 'freeze_review',
      reviewId: 'rev_test_1',
      number: 1,
    });
  });

  it('counts a missing checkpoint as settled', () => {
    const run = toMeasuring();
    for (const { publicationId, checkpoint } of run.context.checkpoints) {
      run.happen({ type: 'checkpoint_missed', at: run.at, publicationId, checkpoint });
    }
    expect(run.place).toBe('kpi_review');
  });

  it('of a Monday post goes on while a Friday post waits', () => {
    const run = toScheduled(ACCOUNTS.sandbox, ACCOUNTS.mastodon);
    send(run, ACCOUNTS.sandbox);
    const [first] = run.context.checkpoints;
    run.happen({
      type: 'checkpoint_recorded',
      at: later(run.at, HOUR),
      publicationId: first?.publicationId ?? '',
      checkpoint: first?.checkpoint ?? '',
    });
    expect(run.place).toBe('scheduled');
    expect(run.context.checkpoints[0]?.state).toBe('recorded');
  });

  it('ends early when the strategist asks, once something is recorded', () => {
    const run = RUN_AT.measuring();
    expect(run.give('open_kpi_review', CAST.strategist, {})).toEqual([
      'kpi_review.opened',
      'item.stage_changed',
    ]);
    freeze(run);
    expect(run.wait(2 * DAY)).toContain('kpi_checkpoint.recorded');
    expect(run.place).toBe('kpi_review');
    expect(run.context.reviews).toHaveLength(1);
  });
});

describe('a KPI review', () => {
  it('is signed only when its readings are frozen, which happens once', () => {
    const run = toMeasuring();
    run.wait(28 * DAY);
    const refs = { role: 'strategist', decision: 'scale' } as const;
    expect(run.refusal('sign_off', CAST.strategist, refs)).toEqual(['verdicts_seen']);
    const now = Date.parse(run.at);
    const steps: ClockSteps = [now + DAY, now + 2 * DAY, now + 3 * DAY, now + 4 * DAY];
    const clocks = { kpi_review: steps };
    const reviewId = run.context.reviews[0]?.id ?? '';
    const frozen = { type: 'review_frozen', at: run.at, reviewId, clocks } as const;
    expect(run.happen({ ...frozen, hash: 'a' })).toEqual(['kpi_review.frozen']);
    expect(run.context.clock?.steps).toEqual(clocks.kpi_review);
    expect(run.happen({ ...frozen, hash: 'b' })).toEqual([]);
    expect(run.context.reviews[0]?.hash).toBe('a');
    expect(run.refusal('sign_off', CAST.strategist, refs)).toEqual([]);
  });

  it('closes with three sign-offs, and marks what was not measured', () => {
    const run = RUN_AT.measuring();
    run.give('open_kpi_review', CAST.strategist, {});
    freeze(run);
    sign(run, 'strategist', { decision: 'iterate' });
    sign(run, 'social_media_manager', { decision: 'iterate' });
    expect(run.place).toBe('kpi_review');
    expect(sign(run, 'creator', { decision: 'agree' })).toEqual([
      'kpi_review.signed_off',
      'kpi_review.closed',
      'item.closed',
      'item.stage_changed',
    ]);
    expect(run.context.reviews[0]?.signOffs.map(({ decision }) => decision)).toEqual([
      'iterate',
      'agree',
      'agree',
    ]);
    expect(run.context.checkpoints.map(({ state }) => state)).toEqual([
      'recorded',
      ...Array<string>(4).fill('missing'),
    ]);
    expect(run.events.find(({ type }) => type === 'kpi_review.closed')?.data).toMatchObject({
      decision: 'iterate',
      dissent: [],
      notMeasured: [{}, {}, {}, {}],
    });
  });

  it('takes another decision of a peer as a dissent, which needs a comment', () => {
    const run = toReviewing();
    sign(run, 'strategist', { decision: 'scale' });
    const dissent = { role: 'creator', decision: 'dissent' } as const;
    const other = { role: 'creator', decision: 'retire' } as const;
    expect(run.refusal('sign_off', CAST.creator, dissent)).toEqual(['reason_given']);
    expect(run.refusal('sign_off', CAST.creator, other)).toEqual(['reason_given']);
    sign(run, 'creator', { decision: 'retire', commentId: 'cmt_1' });
    expect(run.context.reviews[0]?.signOffs.at(-1)?.decision).toBe('dissent');
    sign(run, 'social_media_manager', {});
    expect(run.place).toBe('closed');
  });

  it('asks a decision of the strategist, not an agreement', () => {
    const run = toReviewing();
    const refs = { role: 'strategist', decision: 'agree' } as const;
    expect(run.refusal('sign_off', CAST.strategist, refs)).toEqual(['strategist_decides_first']);
  });

  it('tells who holds no owner role of the role alone, and a peer of the decision to wait for', () => {
    const run = toReviewing();
    expect(run.obstacles('sign_off', CAST.editor)).toEqual(['holds_role']);
    expect(run.obstacles('sign_off', CAST.creator)).toEqual(['strategist_decides_first']);
    expect(run.obstacles('sign_off', CAST.strategist)).toEqual([]);
  });

  it('may be signed for each role by one person who holds them', () => {
    const run = toReviewing();
    const all = actor('mbr_all', ['strategist', 'creator', 'social_media_manager']);
    run.give('sign_off', all, { role: 'strategist', decision: 'scale' });
    run.give('sign_off', all, { role: 'creator', decision: 'agree' });
    run.give('sign_off', all, { role: 'social_media_manager', decision: 'agree' });
    expect(run.place).toBe('closed');
  });
});

describe('a decision against the recommendation', () => {
  it('is refused without a comment, and says what it needs', () => {
    const run = toReviewing('retire');
    const scale = { role: 'strategist', decision: 'scale' } as const;
    expect(run.unmet(run.asked('sign_off', CAST.strategist, scale) as Command)).toEqual([
      {
        code: 'decision_reasoned',
        message:
          'Baton recommends retire: scale needs a comment, then the creator or the social media manager to agree',
      },
    ]);
    expect(sign(run, 'strategist', { decision: 'retire' })).toEqual(['kpi_review.signed_off']);
  });

  it('stands once one more role agrees, whatever the third says', () => {
    const run = toReviewing('retire');
    sign(run, 'strategist', { decision: 'scale', commentId: 'cmt_1' });
    sign(run, 'creator', { decision: 'dissent', commentId: 'cmt_2' });
    sign(run, 'social_media_manager', { decision: 'agree' });
    expect(run.place).toBe('closed');
  });

  it('goes back to the strategist when both others dissent, who then decides anew', () => {
    const run = toReviewing('retire');
    const dissent = { decision: 'dissent', commentId: 'cmt_2' } as const;
    sign(run, 'strategist', { decision: 'scale', commentId: 'cmt_1' });
    sign(run, 'creator', dissent);
    const [first] = waitsOf('kpi_review', toReviewing('retire').context);
    expect(sign(run, 'social_media_manager', dissent)).toEqual([
      'kpi_review.signed_off',
      'kpi_review.returned',
    ]);
    expect(run.place).toBe('kpi_review');
    const [wait] = waitsOf('kpi_review', run.context);
    expect(wait).toMatchObject({ role: 'strategist', for: 'sign_off' });
    expect(wait?.key).not.toBe(first?.key);
    expect(run.refusal('sign_off', CAST.creator, { role: 'creator', decision: 'agree' })).toEqual([
      'strategist_decides_first',
    ]);
    sign(run, 'strategist', { decision: 'retire' });
    sign(run, 'creator', dissent);
    sign(run, 'social_media_manager', dissent);
    expect(run.place).toBe('closed');
  });

  it('extends nothing while both others dissent', () => {
    const run = toReviewing('scale');
    const extend = { decision: 'extend_measurement', extendTo: '+60d' } as const;
    sign(run, 'strategist', { ...extend, commentId: 'cmt_1' });
    sign(run, 'creator', { decision: 'dissent', commentId: 'cmt_2' });
    sign(run, 'social_media_manager', { decision: 'dissent', commentId: 'cmt_3' });
    expect(run.place).toBe('kpi_review');
    expect(run.context.reviews.at(-1)).toMatchObject({
      signOffs: [],
      extendTo: null,
      returnedAt: run.at,
    });
  });

  it('needs nothing more in a review that was frozen without a recommendation', () => {
    const run = toReviewing();
    sign(run, 'strategist', { decision: 'scale' });
    sign(run, 'creator', { decision: 'dissent', commentId: 'cmt_2' });
    sign(run, 'social_media_manager', { decision: 'dissent', commentId: 'cmt_3' });
    expect(run.place).toBe('closed');
  });
});

describe('extended measurement', () => {
  function extended(to: string): TestRun {
    const run = toReviewing();
    sign(run, 'strategist', { decision: 'extend_measurement', extendTo: to });
    sign(run, 'creator', {});
    sign(run, 'social_media_manager', {});
    return run;
  }

  it('goes back to measuring and opens a new review at the asked age', () => {
    const run = extended('+60d');
    expect(run.place).toBe('measuring');
    expect(run.types).toContain('kpi_review.extended');
    run.wait(31 * DAY);
    expect(run.place).toBe('kpi_review');
    expect(run.context.reviews).toHaveLength(2);
    freeze(run);
    sign(run, 'strategist', { decision: 'scale' });
    sign(run, 'creator', {});
    sign(run, 'social_media_manager', {});
    expect(run.place).toBe('closed');
  });

  it('waits for an age that the playbook takes without asking for it', () => {
    const run = toMeasuring();
    const checkpoints = run.context.checkpoints.map((checkpoint) => ({
      ...checkpoint,
      required: checkpoint.checkpoint === '+1h',
    }));
    run.snapshot = { ...run.snapshot, context: { ...run.context, checkpoints } };
    run.wait(HOUR);
    freeze(run);
    sign(run, 'strategist', { decision: 'extend_measurement', extendTo: '+7d' });
    sign(run, 'creator', {});
    sign(run, 'social_media_manager', {});
    expect(run.place).toBe('measuring');
    run.wait(6 * DAY);
    expect(run.place).toBe('measuring');
    run.wait(DAY);
    expect(run.place).toBe('kpi_review');
  });

  it.each([
    ['+28d', 'is not in the future'],
    ['+366d', 'is more than 365 days'],
    [undefined, 'needs the age'],
  ])('to %s is refused: it %s', (extendTo, why) => {
    const run = toReviewing();
    const asked = run.asked('sign_off', CAST.strategist, {
      role: 'strategist',
      decision: 'extend_measurement',
      ...(extendTo !== undefined && { extendTo }),
    });
    expect(run.unmet(asked as Command)).toMatchObject([
      { code: 'extension_valid', message: expect.stringContaining(why) },
    ]);
  });
});
