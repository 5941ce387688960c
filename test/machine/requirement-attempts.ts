import type { SlotProblem } from '../../src/domain/item/commands/facts.ts';
import type { Command } from '../../src/domain/item/commands.ts';
import type { Actor } from '../../src/domain/item/context.ts';
import {
  ACCOUNTS,
  CAST,
  DAY,
  draftDigest,
  HOLDERS,
  later,
  PLAYBOOK,
  slot,
  type TestRun,
} from './item-fixture.ts';
import {
  requestChanges,
  send,
  submit,
  toBriefing,
  toCreation,
  toPlanning,
  toReviewing,
  toScheduled,
} from './item-journeys.ts';

export interface Attempt {
  run: TestRun;
  asked: Command;
}

/** Builds an attempt; a command of one type is a member of the union that the guards take. */
export function attempt(run: TestRun, ...given: Parameters<TestRun['asked']>): Attempt {
  return { run, asked: run.asked(...given) as Command };
}

export const planned = (
  run: TestRun,
  at = later(run.at, DAY),
  account: { channelAccountId: string; channel: string } = ACCOUNTS.sandbox,
) =>
  attempt(run, 'plan_schedule', CAST.manager, { publications: [slot(account, at)] }, { slots: [] });

export const problem = (run: TestRun, code: SlotProblem) =>
  attempt(
    run,
    'plan_schedule',
    CAST.manager,
    { publications: [slot(ACCOUNTS.sandbox, later(run.at, DAY))] },
    {
      slots: [
        {
          channelAccountId: ACCOUNTS.sandbox.channelAccountId,
          problems: [{ code, message: 'so the API found' }],
          warnings: [],
        },
      ],
    },
  );

export const submitted = (
  run: TestRun,
  holders = HOLDERS,
  checklist = PLAYBOOK.checklists.review,
) => attempt(run, 'submit_for_review', CAST.creator, { checklist }, { holders });

export const decided = (
  run: TestRun,
  change: Partial<Command<'decide_approval'>['refs']> = {},
  by: Actor = CAST.editor,
) =>
  attempt(run, 'decide_approval', by, {
    role: 'editor',
    contentHash: run.contentHash(),
    decision: 'approve',
    ...change,
  });

export const resolved = (
  run: TestRun,
  change: Partial<Command<'resolve_publication'>['refs']> = {},
  facts: Partial<Command<'resolve_publication'>['facts']> = {},
) =>
  attempt(
    run,
    'resolve_publication',
    CAST.manager,
    {
      publicationId: run.publication(ACCOUNTS.sandbox).id,
      outcome: 'live',
      evidence: 'seen on the channel',
      ...change,
    },
    { slots: [], ...facts },
  );

export const signed = (
  run: TestRun,
  change: Partial<Command<'sign_off'>['refs']> = {},
  by = CAST.strategist,
) => attempt(run, 'sign_off', by, { role: 'strategist', decision: 'scale', ...change });

export function drafted(change: Parameters<typeof draftDigest>[1] = {}): TestRun {
  const run = toCreation();
  run.give('save_draft', CAST.creator, { draft: draftDigest(1, change) });
  return run;
}

export function pastTheLimit(): TestRun {
  const run = drafted();
  for (let round = 0; round <= PLAYBOOK.revisionLimit; round += 1) {
    submit(run);
    requestChanges(run);
  }
  return run;
}

export function withUnknown(): TestRun {
  const run = toScheduled();
  send(run, ACCOUNTS.sandbox, 'unknown');
  return run;
}

export function afterTheStrategist(): TestRun {
  const run = toReviewing();
  run.give('sign_off', CAST.strategist, { role: 'strategist', decision: 'scale' });
  return run;
}

export function held(run: TestRun): TestRun {
  run.give('hold', CAST.strategist, { reason: 'a crisis' });
  return run;
}

export function gated(): TestRun {
  return toPlanning({ campaign: { id: 'cmp_1', released: false } });
}

export const offered = (run: TestRun) =>
  attempt(
    run,
    'offer_handoff',
    CAST.strategist,
    { checklist: PLAYBOOK.checklists.brief },
    { holders: HOLDERS },
  );

/** Offered and withdrawn, again and again, until it is full. */
export function fullItem(): TestRun {
  const run = toBriefing();
  for (;;) {
    const { asked } = offered(run);
    if (run.unmet(asked).length > 0) return run;
    run.give('offer_handoff', CAST.strategist, asked.refs as Command<'offer_handoff'>['refs'], {
      holders: HOLDERS,
    });
    run.give('withdraw_handoff', CAST.strategist, { reason: 'é'.repeat(2_000) });
  }
}

export function reassigned(change: Partial<Command<'reassign'>['facts']>): Attempt {
  return attempt(
    toCreation(),
    'reassign',
    CAST.strategist,
    { role: 'creator', memberId: 'mbr_second_creator', as: 'owner' },
    { receiverRoles: ['creator'], receiverActive: true, ...change },
  );
}

export function joins(run: TestRun, campaign: { id: string; released: boolean }): Attempt {
  return attempt(run, 'set_campaign', CAST.strategist, { campaignId: campaign.id }, { campaign });
}

/** Its campaign is cancelled while nobody knows what became of a post. */
export function withCampaignCancelled(): TestRun {
  const run = withUnknown();
  run.happen({ type: 'campaign_cancelled', at: run.at, reason: 'no product' });
  return run;
}
