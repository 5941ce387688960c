import type { RequirementCode } from '../../src/domain/item/requirements/catalogue.ts';
import {
  ACCOUNTS,
  actor,
  briefDigest,
  CAST,
  DAY,
  draftDigest,
  HOLDERS,
  later,
  PLAYBOOK,
} from './item-fixture.ts';
import {
  RUN_AT,
  send,
  toBriefing,
  toClosed,
  toCreation,
  toHandover,
  toMeasuring,
  toOffered,
  toPlanning,
  toPublishing,
  toRefused,
  toReview,
  toReviewing,
  toScheduled,
} from './item-journeys.ts';
import {
  type Attempt,
  afterTheStrategist,
  attempt,
  decided,
  drafted,
  fullItem,
  gated,
  held,
  joins,
  offered,
  pastTheLimit,
  planned,
  problem,
  reassigned,
  resolved,
  signed,
  submitted,
  withCampaignCancelled,
  withUnknown,
} from './requirement-attempts.ts';

/** Somebody who answers by link. */
const LINKED = actor('external:lnk_1', ['editor']);
const SIGN_IN_GATE = {
  ...PLAYBOOK,
  gate: [{ role: 'editor' as const, quorum: 'any' as const, signIn: true }],
};

/** For each requirement a command that lacks it alone or first, and the same command with it met. */
export const CASES: Record<RequirementCode, { refused: () => Attempt; allowed: () => Attempt }> = {
  item_closed: {
    refused: () => attempt(toClosed(), 'cancel', CAST.strategist, { reason: 'too late' }),
    allowed: () => attempt(toReviewing(), 'cancel', CAST.strategist, { reason: 'in time' }),
  },
  basis_changed: {
    refused: () => {
      const { run, asked } = decided(toReview());
      return { run, asked: { ...asked, basisSeq: run.events.length - 1 } };
    },
    allowed: () => {
      const { run, asked } = decided(toReview());
      return { run, asked: { ...asked, basisSeq: run.events.length } };
    },
  },
  command_expired: {
    refused: () => {
      const { run, asked } = decided(toReview());
      return { run, asked: { ...asked, expiresAt: run.at } };
    },
    allowed: () => {
      const { run, asked } = decided(toReview());
      return { run, asked: { ...asked, expiresAt: later(run.at, 1) } };
    },
  },
  in_stage: {
    refused: () => submitted(toReview()),
    allowed: () => submitted(drafted()),
  },
  holds_role: {
    refused: () => attempt(toBriefing(), 'save_brief', CAST.creator, { brief: briefDigest() }),
    allowed: () => attempt(toBriefing(), 'save_brief', CAST.strategist, { brief: briefDigest() }),
  },
  item_has_room: {
    refused: () => offered(fullItem()),
    allowed: () => offered(toBriefing()),
  },
  brief_complete: {
    refused: () => {
      const run = toBriefing();
      run.give('save_brief', CAST.strategist, {
        brief: briefDigest({ hash: 'incomplete', missing: ['pillar'] }),
      });
      const { brief } = PLAYBOOK.checklists;
      return attempt(
        run,
        'offer_handoff',
        CAST.strategist,
        { checklist: brief },
        { holders: HOLDERS },
      );
    },
    allowed: () =>
      attempt(
        toBriefing(),
        'offer_handoff',
        CAST.strategist,
        { checklist: PLAYBOOK.checklists.brief },
        { holders: HOLDERS },
      ),
  },
  checklist_complete: {
    refused: () => submitted(drafted(), HOLDERS, PLAYBOOK.checklists.review.slice(1)),
    allowed: () => submitted(drafted()),
  },
  targets_set: {
    refused: () => {
      const run = toBriefing();
      run.give('save_brief', CAST.strategist, {
        brief: briefDigest({ hash: 'no targets', targetCount: 0 }),
      });
      const { brief } = PLAYBOOK.checklists;
      return attempt(
        run,
        'offer_handoff',
        CAST.strategist,
        { checklist: brief },
        { holders: HOLDERS },
      );
    },
    allowed: () => CASES.brief_complete.allowed(),
  },
  targets_unfrozen: {
    refused: () => {
      const run = toScheduled(ACCOUNTS.sandbox, ACCOUNTS.mastodon);
      send(run, ACCOUNTS.sandbox);
      return attempt(run, 'save_brief', CAST.strategist, {
        brief: briefDigest({ hash: 'b2', targetsHash: 'lower' }),
      });
    },
    allowed: () =>
      attempt(toScheduled(), 'save_brief', CAST.strategist, {
        brief: briefDigest({ hash: 'b2', targetsHash: 'lower' }),
      }),
  },
  receiver_exists: {
    refused: () =>
      attempt(
        toBriefing(),
        'offer_handoff',
        CAST.strategist,
        { checklist: PLAYBOOK.checklists.brief },
        { holders: { creator: ['mbr_second_creator'] } },
      ),
    allowed: () => CASES.brief_complete.allowed(),
  },
  is_receiver: {
    refused: () => attempt(toOffered(), 'accept_handoff', CAST.secondCreator, {}),
    allowed: () => attempt(toOffered(), 'accept_handoff', CAST.creator, {}),
  },
  current_handoff: {
    refused: () => {
      const run = toOffered();
      const [first] = run.context.handoffs;
      run.give('withdraw_handoff', CAST.strategist, {});
      const { brief } = PLAYBOOK.checklists;
      run.give('offer_handoff', CAST.strategist, { checklist: brief }, { holders: HOLDERS });
      return attempt(run, 'accept_handoff', CAST.creator, { handoffId: first?.id ?? '' });
    },
    allowed: () => {
      const run = toOffered();
      const id = run.context.handoffs.at(-1)?.id ?? '';
      return attempt(run, 'accept_handoff', CAST.creator, { handoffId: id });
    },
  },
  approvals_hold: {
    refused: () => {
      // No command leads here: a snapshot in which the approvals died must still not be planned.
      const run = toPlanning();
      const approvals = run.context.approvals.map((set) => ({ ...set, state: 'voided' as const }));
      run.snapshot = { ...run.snapshot, context: { ...run.context, approvals } };
      return planned(run);
    },
    allowed: () => planned(toPlanning()),
  },
  platform_tag: {
    refused: () => {
      const manager = { ...CAST.manager, platformTags: { mastodon: 3 } };
      return attempt(toHandover(), 'accept_handoff', manager, {});
    },
    allowed: () => attempt(toHandover(), 'accept_handoff', CAST.manager, {}),
  },
  reason_given: {
    refused: () => attempt(toCreation(), 'hold', CAST.creator, { reason: '  ' }),
    allowed: () => attempt(toCreation(), 'hold', CAST.creator, { reason: 'a crisis' }),
  },
  nothing_sending: {
    refused: () => {
      const run = toScheduled();
      send(run, ACCOUNTS.sandbox, 'sending');
      return attempt(run, 'hold', CAST.manager, { reason: 'a crisis' });
    },
    allowed: () => attempt(withUnknown(), 'hold', CAST.manager, { reason: 'a crisis' }),
  },
  variant_frozen: {
    refused: () => {
      const run = toPublishing();
      const draft = draftDigest(2, { variants: { sandbox: 'another', mastodon: 'm' } });
      return attempt(run, 'save_draft', CAST.creator, { draft });
    },
    allowed: () => attempt(toPublishing(), 'save_draft', CAST.creator, { draft: draftDigest(2) }),
  },
  assets_complete: {
    refused: () => submitted(drafted({ assetKinds: ['visual'] })),
    allowed: () => submitted(drafted()),
  },
  variants_in_limits: {
    refused: () => submitted(drafted({ violations: ['sandbox text: 501 of 500 characters'] })),
    allowed: () => submitted(drafted()),
  },
  approvers_exist: {
    refused: () => submitted(drafted(), { ...HOLDERS, editor: ['mbr_creator'] }),
    allowed: () => submitted(drafted(), { ...HOLDERS, editor: ['mbr_creator', 'mbr_editor'] }),
  },
  revision_acknowledged: {
    refused: () => submitted(pastTheLimit()),
    allowed: () => {
      const run = pastTheLimit();
      run.give('acknowledge_revision', CAST.strategist, {});
      return submitted(run);
    },
  },
  revision_past_limit: {
    refused: () => attempt(drafted(), 'acknowledge_revision', CAST.strategist, {}),
    allowed: () => attempt(pastTheLimit(), 'acknowledge_revision', CAST.strategist, {}),
  },
  role_asked: {
    refused: () =>
      attempt(toReview(), 'decide_approval', CAST.legal, {
        role: 'legal',
        contentHash: toReview().contentHash(),
        decision: 'approve',
      }),
    allowed: () => {
      const run = toReview({ brief: null });
      return decided(run);
    },
  },
  current_hash: {
    refused: () => decided(toReview(), { contentHash: '0'.repeat(64) }),
    allowed: () => decided(toReview()),
  },
  four_eyes: {
    refused: () => {
      const run = toReview();
      const author = actor(CAST.creator.memberId, ['creator', 'editor']);
      return decided(run, {}, author);
    },
    allowed: () => {
      return decided(toReview(), {}, CAST.creatorAndEditor);
    },
  },
  signed_in: {
    refused: () => decided(toReview({ playbook: SIGN_IN_GATE }), {}, LINKED),
    allowed: () => decided(toReview(), {}, LINKED),
  },
  not_decided_before: {
    refused: () => {
      const run = afterTheStrategist();
      return signed(run);
    },
    allowed: () => signed(toReviewing()),
  },
  campaign_released: {
    refused: () => planned(gated()),
    allowed: () => {
      const run = gated();
      run.happen({ type: 'campaign_released', at: run.at });
      return planned(run);
    },
  },
  account_free: {
    refused: () => {
      const run = toScheduled(ACCOUNTS.sandbox, ACCOUNTS.mastodon);
      send(run, ACCOUNTS.sandbox);
      return planned(run);
    },
    allowed: () => {
      const run = toScheduled(ACCOUNTS.sandbox, ACCOUNTS.mastodon);
      send(run, ACCOUNTS.sandbox, 'rejected');
      return planned(run);
    },
  },
  nothing_unknown: {
    refused: () =>
      attempt(withUnknown(), 'cancel', CAST.strategist, { reason: 'no longer needed' }),
    allowed: () => {
      const run = withUnknown();
      run.send(resolved(run, { outcome: 'not_live' }).asked);
      return attempt(run, 'cancel', CAST.strategist, { reason: 'no longer needed' });
    },
  },
  slot_valid: {
    refused: () => problem(toPlanning(), 'slot_valid'),
    allowed: () => planned(toPlanning()),
  },
  slot_in_future: {
    refused: () => {
      const run = toPlanning();
      return planned(run, run.at);
    },
    allowed: () => {
      const run = toPlanning();
      return planned(run, later(run.at, 1));
    },
  },
  not_blacked_out: {
    refused: () => problem(toPlanning(), 'not_blacked_out'),
    allowed: () => planned(toPlanning()),
  },
  embargo_over: {
    refused: () => {
      const run = toPlanning({ at: '2027-01-04T10:00:00.000Z' });
      const brief = briefDigest({ embargoUntil: later(run.at, DAY) });
      run.snapshot = { ...run.snapshot, context: { ...run.context, brief } };
      return planned(run, later(run.at, DAY - 1));
    },
    allowed: () => {
      const run = toPlanning();
      const brief = briefDigest({ embargoUntil: later(run.at, DAY) });
      run.snapshot = { ...run.snapshot, context: { ...run.context, brief } };
      return planned(run, later(run.at, DAY));
    },
  },
  token_valid_past_slot: {
    refused: () => problem(toPlanning(), 'token_valid_past_slot'),
    allowed: () => planned(toPlanning()),
  },
  replaces_post: {
    refused: () => planned(held(toRefused()), undefined, ACCOUNTS.third),
    allowed: () => planned(held(toRefused())),
  },
  another_publication: {
    refused: () => {
      const run = toScheduled();
      const { id } = run.publication(ACCOUNTS.sandbox);
      return attempt(run, 'skip_publication', CAST.manager, { publicationId: id });
    },
    allowed: () => {
      const run = toScheduled(ACCOUNTS.sandbox, ACCOUNTS.second);
      const { id } = run.publication(ACCOUNTS.sandbox);
      return attempt(run, 'skip_publication', CAST.manager, { publicationId: id });
    },
  },
  publication_planned: {
    refused: () => {
      const run = toPublishing();
      const { id } = run.publication(ACCOUNTS.second);
      return attempt(run, 'skip_publication', CAST.manager, { publicationId: id });
    },
    allowed: () => {
      const run = toPublishing();
      const { id } = run.publication(ACCOUNTS.mastodon);
      return attempt(run, 'skip_publication', CAST.manager, { publicationId: id });
    },
  },
  is_unknown_or_missed: {
    refused: () => resolved(toScheduled(), { outcome: 'skip' }),
    allowed: () => resolved(withUnknown()),
  },
  outcome_fits: {
    refused: () => resolved(withUnknown(), { outcome: 'skip' }),
    allowed: () => resolved(withUnknown(), { outcome: 'not_live' }),
  },
  evidence_given: {
    refused: () => resolved(withUnknown(), { evidence: '' }),
    allowed: () => resolved(withUnknown()),
  },
  post_free: {
    refused: () =>
      resolved(
        withUnknown(),
        { remoteId: '115' },
        { holder: { publicationId: 'pub_other', itemId: 'itm_other' } },
      ),
    allowed: () => resolved(withUnknown(), { remoteId: '115' }),
  },
  one_checkpoint_recorded: {
    refused: () => attempt(toMeasuring(), 'open_kpi_review', CAST.strategist, {}),
    allowed: () => attempt(RUN_AT.measuring(), 'open_kpi_review', CAST.strategist, {}),
  },
  verdicts_seen: {
    refused: () => signed(toReviewing(), { reviewHash: '0'.repeat(64) }),
    allowed: () => signed(toReviewing(), { reviewHash: 'f'.repeat(64) }),
  },
  strategist_decides_first: {
    refused: () => signed(toReviewing(), { role: 'creator', decision: 'agree' }, CAST.creator),
    allowed: () =>
      signed(afterTheStrategist(), { role: 'creator', decision: 'agree' }, CAST.creator),
  },
  decision_reasoned: {
    refused: () => signed(toReviewing('retire')),
    allowed: () => signed(toReviewing('retire'), { commentId: 'cmt_1' }),
  },
  extension_valid: {
    refused: () => signed(toReviewing(), { decision: 'extend_measurement', extendTo: '+29d' }),
    allowed: () => signed(toReviewing(), { decision: 'extend_measurement', extendTo: '+365d' }),
  },
  receiver_holds_role: {
    refused: () => reassigned({ receiverRoles: ['editor'] }),
    allowed: () => reassigned({}),
  },
  receiver_active: {
    refused: () => reassigned({ receiverActive: false }),
    allowed: () => reassigned({}),
  },
  campaign_may_change: {
    refused: () => joins(withCampaignCancelled(), { id: 'cmp_other', released: true }),
    allowed: () => joins(toPlanning(), { id: 'cmp_other', released: true }),
  },
  gate_not_passed: {
    refused: () => joins(toScheduled(), { id: 'cmp_other', released: false }),
    allowed: () => joins(toPlanning(), { id: 'cmp_other', released: false }),
  },
  clock_running: {
    refused: () => attempt(toScheduled(), 'extend', CAST.strategist, { reason: 'a holiday' }),
    allowed: () => attempt(toPlanning(), 'extend', CAST.strategist, { reason: 'a holiday' }),
  },
};
