import { describe, expect, it } from 'vitest';
import {
  ACCOUNTS,
  briefDigest,
  CAST,
  DAY,
  draftDigest,
  HOUR,
  later,
  MINUTE,
  slot,
  type TestRun,
} from './item-fixture.ts';
import {
  approve,
  plan,
  send,
  submit,
  toCreation,
  toHandover,
  toPlanning,
  toReview,
  toScheduled,
} from './item-journeys.ts';

function hold(run: TestRun, at: string, account: keyof typeof ACCOUNTS = 'sandbox') {
  const publications = [slot(ACCOUNTS[account], at)];
  return run.give('plan_schedule', CAST.manager, { publications }, { slots: [] });
}

function states(run: TestRun): string[] {
  return run.context.publications.map(({ state }) => state);
}

/** Back through the gate to planning, with a new text or brief saved before. */
function throughTheGate(run: TestRun): void {
  submit(run);
  approve(run);
  run.give('accept_handoff', CAST.manager, {});
}

describe('a tentative slot', () => {
  it.each([
    ['creation', () => toCreation()],
    ['review', () => toReview()],
    ['an offered handoff', () => toHandover()],
  ])('is held in %s without an approval', (_, start) => {
    const run = start();
    const before = run.place;
    expect(hold(run, later(run.at, DAY))).toEqual(['publication.held']);
    expect(run.place).toBe(before);
    expect(run.publication(ACCOUNTS.sandbox)).toMatchObject({
      state: 'tentative',
      contentHash: null,
    });
  });

  it('not approved in time is released, and the stage stays', () => {
    const run = toReview();
    hold(run, later(run.at, DAY));
    expect(run.wait(DAY - HOUR - 1)).not.toContain('publication.skipped');
    expect(run.wait(1)).toEqual(['publication.skipped']);
    expect(run.publication(ACCOUNTS.sandbox).evidence).toBe('not approved in time');
    expect(run.place).toBe('review.deciding');
  });

  it('approved in time is held up to its time', () => {
    const run = toReview();
    hold(run, later(run.at, DAY));
    approve(run);
    expect(run.wait(DAY - 1)).not.toContain('publication.skipped');
    expect(run.wait(1)).toContain('publication.skipped');
    expect(run.publication(ACCOUNTS.sandbox).evidence).toBe('not planned in time');
  });

  it('cannot be held for a time by which nothing can be approved', () => {
    const run = toReview();
    const publications = [slot(ACCOUNTS.sandbox, later(run.at, HOUR))];
    expect(run.refusal('plan_schedule', CAST.manager, { publications }, { slots: [] })).toEqual([
      'slot_in_future',
    ]);
    expect(run.refusal('plan_schedule', CAST.manager, { publications: [] }, { slots: [] })).toEqual(
      ['slot_valid'],
    );
  });

  it('becomes planned with the plan after the accepted handoff, under its id', () => {
    const run = toReview();
    hold(run, later(run.at, DAY));
    approve(run);
    run.give('accept_handoff', CAST.manager, {});
    const held = run.publication(ACCOUNTS.sandbox);
    run.give('plan_schedule', CAST.manager, { publications: [] }, { slots: [] });
    expect(run.place).toBe('scheduled');
    expect(run.publication(ACCOUNTS.sandbox)).toEqual({
      ...held,
      state: 'planned',
      contentHash: run.context.contentHash,
    });
  });
});

describe('a held slot given back', () => {
  const skip = (run: TestRun, account: keyof typeof ACCOUNTS = 'sandbox') =>
    run.give('skip_publication', CAST.manager, {
      publicationId: run.publication(ACCOUNTS[account]).id,
    });

  const toHeldInPlanning = (): TestRun => {
    const run = toHandover();
    hold(run, later(run.at, DAY));
    run.give('accept_handoff', CAST.manager, {});
    return run;
  };

  it('in planning is free, and the item stays where it is', () => {
    const run = toHeldInPlanning();
    const { clock } = run.context;
    expect(skip(run)).toEqual(['publication.skipped']);
    expect(run.publication(ACCOUNTS.sandbox)).toMatchObject({ state: 'skipped' });
    expect(run.publication(ACCOUNTS.sandbox).released).toBeUndefined();
    expect([run.place, run.context.clock]).toEqual(['scheduling.planning', clock]);
    expect(
      run.refusal('skip_publication', CAST.manager, {
        publicationId: run.publication(ACCOUNTS.sandbox).id,
      }),
    ).toContain('publication_planned');
  });

  it('is given back by the social media manager only', () => {
    const run = toHeldInPlanning();
    const { id: publicationId } = run.publication(ACCOUNTS.sandbox);
    const refused = run.refusal('skip_publication', CAST.creator, { publicationId });
    expect(refused).toEqual(['holds_role']);
  });

  it('may be the last one in planning after an edit: nothing else frees a plan of it', () => {
    const run = toScheduled();
    run.give('save_draft', CAST.creator, { draft: draftDigest(2) });
    throughTheGate(run);
    expect(skip(run)).toEqual(['publication.skipped']);
    expect(run.place).toBe('scheduling.planning');
  });

  it('leaves the item in planning while another slot is only held', () => {
    const run = toReview();
    hold(run, later(run.at, DAY));
    hold(run, later(run.at, DAY), 'mastodon');
    approve(run);
    run.give('accept_handoff', CAST.manager, {});
    skip(run);
    expect([run.place, states(run)]).toEqual(['scheduling.planning', ['skipped', 'tentative']]);
  });
});

describe('a variant over a limit', () => {
  const over = (account: keyof typeof ACCOUNTS) => ({
    slots: [
      {
        channelAccountId: ACCOUNTS[account].channelAccountId,
        problems: [{ code: 'variants_in_limits' as const, message: 'sandbox text: 501 of 500' }],
        warnings: [],
      },
    ],
  });

  it('is refused when it is planned, whether its slot is named or kept', () => {
    const run = toScheduled();
    const at = later(run.at, 2 * DAY);
    const named = { publications: [slot(ACCOUNTS.sandbox, at)] };
    const kept = { publications: [slot(ACCOUNTS.mastodon, at)] };
    for (const refs of [named, kept]) {
      const refused = run.refusal('plan_schedule', CAST.manager, refs, over('sandbox'));
      expect(refused).toEqual(['variants_in_limits']);
    }
  });

  it('does not keep a tentative slot from being held', () => {
    const run = toCreation();
    const publications = [slot(ACCOUNTS.sandbox, later(run.at, DAY))];
    const held = run.give('plan_schedule', CAST.manager, { publications }, over('sandbox'));
    expect(held).toEqual(['publication.held']);
  });
});

describe('a plan', () => {
  it('moves a slot under its id and number', () => {
    const run = toScheduled();
    const { id, slotNumber } = run.publication(ACCOUNTS.sandbox);
    hold(run, later(run.at, 2 * DAY));
    expect(run.publication(ACCOUNTS.sandbox)).toMatchObject({
      id,
      slotNumber,
      at: later(run.at, 2 * DAY),
    });
    expect(run.context.publications).toHaveLength(1);
  });

  it('keeps the slots it does not name and binds them to what is approved now', () => {
    const run = toScheduled(ACCOUNTS.sandbox, ACCOUNTS.mastodon);
    run.give('save_draft', CAST.creator, { draft: draftDigest(2) });
    const old = run.publication(ACCOUNTS.mastodon);
    expect(old.contentHash).not.toBe(run.context.contentHash);
    throughTheGate(run);
    expect(states(run)).toEqual(['planned', 'planned']);
    hold(run, later(run.at, DAY));
    const { heldUntil, ...kept } = old;
    expect(heldUntil).toBe(later(old.at, -HOUR));
    expect(run.publication(ACCOUNTS.mastodon)).toEqual({
      ...kept,
      contentHash: run.context.contentHash,
    });
  });

  it('binds no kept slot before the embargo of the new brief or in the past', () => {
    const run = toScheduled(ACCOUNTS.sandbox, ACCOUNTS.mastodon);
    const { at } = run.publication(ACCOUNTS.mastodon);
    run.give('save_brief', CAST.strategist, {
      brief: briefDigest({ hash: 'b2', embargoUntil: later(at, 1) }),
    });
    throughTheGate(run);
    const publications = [slot(ACCOUNTS.sandbox, later(at, HOUR))];
    const refusal = () =>
      run.refusal('plan_schedule', CAST.manager, { publications }, { slots: [] });
    expect(refusal()).toEqual(['embargo_over']);
    run.at = at;
    expect(refusal()).toEqual(['slot_in_future', 'embargo_over']);
  });

  it('may move a slot out of a new embargo, and is asked for as one that may', () => {
    const run = toScheduled(ACCOUNTS.sandbox);
    const { at } = run.publication(ACCOUNTS.sandbox);
    run.give('save_brief', CAST.strategist, {
      brief: briefDigest({ hash: 'b2', embargoUntil: later(at, 1) }),
    });
    throughTheGate(run);
    const planned = (...slots: ReturnType<typeof slot>[]) =>
      run.refusal('plan_schedule', CAST.manager, { publications: slots }, { slots: [] });
    expect(planned()).toEqual(['embargo_over']);
    expect(planned(slot(ACCOUNTS.sandbox, later(at, 1)))).toEqual([]);
    expect(run.obstacles('plan_schedule', CAST.manager)).toEqual([]);
  });

  it('drops a kept slot whose channel the new draft has no variant for', () => {
    const run = toScheduled(ACCOUNTS.mastodon);
    const draft = draftDigest(2, { variants: { sandbox: 'only this' } });
    run.give('save_draft', CAST.creator, { draft });
    throughTheGate(run);
    expect(hold(run, later(run.at, DAY))).toEqual([
      'publication.planned',
      'publication.skipped',
      'item.stage_changed',
    ]);
    expect(states(run)).toEqual(['skipped', 'planned']);
  });

  it('on one account twice is refused', () => {
    const run = toPlanning();
    const one = slot(ACCOUNTS.sandbox, later(run.at, DAY));
    expect(
      run.refusal('plan_schedule', CAST.manager, { publications: [one, one] }, { slots: [] }),
    ).toEqual(['account_free']);
  });

  it('for a channel without a variant is refused', () => {
    const run = toPlanning();
    const publications = [
      slot({ channelAccountId: 'cha_x', channel: 'bluesky' }, later(run.at, DAY)),
    ];
    expect(run.refusal('plan_schedule', CAST.manager, { publications }, { slots: [] })).toEqual([
      'slot_valid',
    ]);
  });

  it('without slots ends planning where something is published already', () => {
    const run = toScheduled(ACCOUNTS.sandbox, ACCOUNTS.mastodon);
    send(run, ACCOUNTS.sandbox);
    run.give('unschedule', CAST.manager, {});
    expect(run.place).toBe('scheduling.planning');
    run.give('plan_schedule', CAST.manager, { publications: [] }, { slots: [] });
    expect(run.place).toBe('measuring');
    expect(
      toPlanning().refusal('plan_schedule', CAST.manager, { publications: [] }, { slots: [] }),
    ).toEqual(['slot_valid']);
  });
});

describe('taking out of the plan', () => {
  it('unschedule releases every planned slot', () => {
    const run = toScheduled(ACCOUNTS.sandbox, ACCOUNTS.mastodon);
    expect(run.give('unschedule', CAST.manager, {})).toEqual([
      'publication.unscheduled',
      'publication.unscheduled',
      'item.stage_changed',
    ]);
    expect(states(run)).toEqual(['skipped', 'skipped']);
    plan(run, ACCOUNTS.sandbox);
    expect(run.publication(ACCOUNTS.sandbox)).toMatchObject({ slotNumber: 2, id: 'pub_test_3' });
  });

  it('a skipped slot leaves the stage to the rule', () => {
    const run = toScheduled(ACCOUNTS.sandbox, ACCOUNTS.mastodon);
    send(run, ACCOUNTS.sandbox);
    expect(run.place).toBe('scheduled');
    const { id } = run.publication(ACCOUNTS.mastodon);
    run.give('skip_publication', CAST.manager, { publicationId: id });
    expect(run.place).toBe('measuring');
  });

  it('a slot skipped in planning leads on when the rest of the plan is approved', () => {
    const run = toScheduled(ACCOUNTS.sandbox, ACCOUNTS.mastodon);
    const text = run.context.draft;
    if (text === null) throw new Error('the item has a draft');
    run.give('save_draft', CAST.creator, { draft: draftDigest(2) });
    throughTheGate(run);
    const { id } = run.publication(ACCOUNTS.mastodon);
    const fork = run.fork();
    fork.give('skip_publication', CAST.manager, { publicationId: id });
    expect(fork.place).toBe('scheduling.planning');

    run.give('save_draft', CAST.creator, { draft: text });
    throughTheGate(run);
    run.give('skip_publication', CAST.manager, { publicationId: id });
    expect(run.place).toBe('scheduled');
  });

  it('a slot is held through a new round until its deadline, then released', () => {
    const run = toScheduled();
    expect(run.give('save_draft', CAST.creator, { draft: draftDigest(2) })).toContain(
      'publication.held',
    );
    expect(run.place).toBe('creation.drafting');
    expect(run.wait(DAY - HOUR - 1)).not.toContain('publication.skipped');
    expect(states(run)).toEqual(['planned']);
    expect(run.wait(1)).toContain('publication.skipped');
    expect(run.publication(ACCOUNTS.sandbox)).toMatchObject({
      evidence: 'not approved in time',
      released: true,
    });
    expect(run.place).toBe('creation.drafting');
  });

  it('a slot that is approved again before its deadline keeps its time', () => {
    const run = toScheduled();
    const { id, at } = run.publication(ACCOUNTS.sandbox);
    run.give('save_draft', CAST.creator, { draft: draftDigest(2) });
    throughTheGate(run);
    expect(run.wait(DAY - MINUTE)).not.toContain('publication.skipped');
    run.give('plan_schedule', CAST.manager, { publications: [] }, { slots: [] });
    expect(run.publication(ACCOUNTS.sandbox)).toMatchObject({ id, at, state: 'planned' });
    expect(run.place).toBe('scheduled');
  });

  it('a slot edited after its deadline that passes in the new round is missed after its grace', () => {
    const run = toScheduled();
    run.wait(DAY - HOUR);
    run.give('save_draft', CAST.creator, { draft: draftDigest(2) });
    expect(run.wait(HOUR + 15 * MINUTE)).toContain('publication.missed');
    throughTheGate(run);
    expect(states(run)).toEqual(['missed']);
    const publications = [slot(ACCOUNTS.sandbox, later(run.at, DAY))];
    expect(run.refusal('plan_schedule', CAST.manager, { publications }, { slots: [] })).toEqual([
      'account_free',
    ]);
    const { id } = run.publication(ACCOUNTS.sandbox);
    run.give(
      'resolve_publication',
      CAST.manager,
      { publicationId: id, outcome: 'skip', evidence: 'it is no longer news' },
      { slots: [] },
    );
    expect(run.place).toBe('scheduling.planning');
    plan(run, ACCOUNTS.sandbox);
    expect(run.place).toBe('scheduled');
  });
});

describe('a campaign', () => {
  it('keeps its items from being scheduled until its gate opens', () => {
    const run = toPlanning({ campaign: { id: 'cmp_1', released: false } });
    const publications = [slot(ACCOUNTS.sandbox, later(run.at, DAY))];
    const refusal = () =>
      run.refusal('plan_schedule', CAST.manager, { publications }, { slots: [] });
    expect(refusal()).toEqual(['campaign_released']);
    expect(run.happen({ type: 'campaign_released', at: run.at })).toEqual(['campaign.released']);
    expect(run.happen({ type: 'campaign_released', at: run.at })).toEqual([]);
    expect(refusal()).toEqual([]);
  });

  it('cancelled, cancels its items and releases their slots', () => {
    const run = toScheduled();
    const types = run.happen({ type: 'campaign_cancelled', at: run.at, reason: 'budget' });
    expect(types).toEqual(['campaign.cancelled', 'item.cancelled', 'item.stage_changed']);
    expect(run.place).toBe('cancelled');
    expect(states(run)).toEqual(['skipped']);
  });

  it('cancelled during a send waits for its outcome and sends nothing more', () => {
    const run = toScheduled(ACCOUNTS.sandbox, ACCOUNTS.mastodon);
    send(run, ACCOUNTS.sandbox, 'sending');
    run.happen({ type: 'campaign_cancelled', at: run.at, reason: 'budget' });
    expect(run.place).toBe('publishing');
    expect(states(run)).toEqual(['sending', 'skipped']);
    const { id } = run.publication(ACCOUNTS.sandbox);
    run.happen({ type: 'publication_settled', at: run.at, publicationId: id, outcome: 'unknown' });
    expect(run.place).toBe('publishing');
    const again = slot(ACCOUNTS.sandbox, later(run.at, DAY));
    expect(
      run.refusal(
        'resolve_publication',
        CAST.manager,
        { publicationId: id, outcome: 'publish_again', evidence: 'not there', slot: again },
        { slots: [] },
      ),
    ).toEqual(['campaign_released']);
    const types = run.give(
      'resolve_publication',
      CAST.manager,
      { publicationId: id, outcome: 'live', evidence: 'seen' },
      { slots: [] },
    );
    expect(types.slice(-2)).toEqual(['item.cancelled', 'item.stage_changed']);
    expect(run.place).toBe('cancelled');
    expect(states(run)).toEqual(['published', 'skipped']);
  });
});
