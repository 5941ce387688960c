import type { ApproverRole, OwnerRole, Role } from '../people/roles.ts';
import type { Actor, BriefDigest, DraftDigest, ReviewDecision } from './context.ts';
import type { Reason } from './reasons.ts';
import type { ClockedStage, Place } from './stages.ts';

/** Steps of a stage's clock in epoch milliseconds: 50, 80, 100, 150 %. */
export type ClockSteps = [number, number, number, number];

/** Business-calendar arithmetic is done outside the run: clocks for the stages a command may enter. */
export type ClockFacts = Partial<Record<ClockedStage, ClockSteps>>;

export interface PlannedSlot {
  channelAccountId: string;
  channel: string;
  at: string;
  local: string;
  zone: string;
  /** Version of the time-zone rules that joined `at` and `local`. */
  tzVersion?: string;
}

/** What the API found out about a slot; `problems` are codes of unmet requirements. */
export interface SlotFacts {
  channelAccountId: string;
  problems: { code: SlotProblem; message: string }[];
  warnings: { code: string; message: string }[];
}

export type SlotProblem =
  | 'slot_valid'
  | 'variants_in_limits'
  | 'not_blacked_out'
  | 'embargo_over'
  | 'token_valid_past_slot';

interface Facts {
  clocks?: ClockFacts;
  warnings?: { code: string; message: string }[];
}

/** A draft's machine checks against the brief, and its variants against the limits, as they are now. */
export interface DraftFacts {
  failedChecks?: string[];
  violations?: string[];
  /** The draft that was looked at: of another one these say nothing. Commands of before have none. */
  draftHash?: string;
}

/** Active members per role, as far as a guard needs them. */
export type Holders = Partial<Record<Role, string[]>>;

/** Commands of people: what they refer to (`refs`) and what the API checked (`facts`). */
export interface CommandPayloads {
  save_brief: { refs: { brief: BriefDigest }; facts: Facts };
  offer_handoff: {
    refs: { checklist: string[]; note?: string };
    facts: Facts & { holders: Holders };
  };
  withdraw_handoff: { refs: { reason?: string }; facts: Facts };
  accept_handoff: { refs: { handoffId?: string }; facts: Facts };
  decline_handoff: {
    refs: { handoffId?: string; reason?: Reason; commentId?: string };
    facts: Facts;
  };
  save_draft: { refs: { draft: DraftDigest }; facts: Facts };
  submit_for_review: {
    refs: { checklist: string[]; note?: string };
    facts: Facts & { holders: Holders } & DraftFacts;
  };
  acknowledge_revision: { refs: { note?: string }; facts: Facts };
  decide_approval: {
    refs: {
      role: ApproverRole;
      contentHash: string;
      decision: 'approve' | 'request_changes';
      reason?: Reason;
      commentId?: string;
    };
    facts: Facts;
  };
  plan_schedule: { refs: { publications: PlannedSlot[] }; facts: Facts & { slots: SlotFacts[] } };
  unschedule: { refs: { reason?: string }; facts: Facts };
  skip_publication: { refs: { publicationId: string; reason?: string }; facts: Facts };
  resolve_publication: {
    refs: {
      publicationId: string;
      outcome: 'live' | 'not_live' | 'publish_again' | 'reschedule' | 'skip';
      evidence?: string;
      slot?: PlannedSlot;
      permalink?: string;
      remoteId?: string;
    };
    facts: Facts & { slots: SlotFacts[] };
  };
  open_kpi_review: { refs: { reason?: string }; facts: Facts };
  sign_off: {
    refs: {
      role: OwnerRole;
      decision: ReviewDecision | 'agree' | 'dissent';
      reviewHash?: string;
      extendTo?: string;
      commentId?: string;
    };
    facts: Facts;
  };
  hold: { refs: { reason?: string }; facts: Facts };
  resume: { refs: { reason?: string }; facts: Facts };
  cancel: { refs: { reason?: string }; facts: Facts };
  reassign: {
    refs: { role: OwnerRole; memberId: string; as: 'owner' | 'co_author'; reason?: string };
    facts: Facts & { receiverRoles: Role[]; receiverActive: boolean };
  };
  extend: { refs: { reason?: string; until?: string }; facts: Facts };
}

export type CommandType = keyof CommandPayloads;

export type Command<T extends CommandType = CommandType> = {
  [K in T]: {
    type: K;
    /** The command's id, which is also the Update id. */
    id: string;
    actor: Actor;
    refs: CommandPayloads[K]['refs'];
    facts: CommandPayloads[K]['facts'];
    /** ISO instant by the clock of whoever asks: the run's own in the run. */
    at: string;
    /** Refuse (`basis_changed`) unless the item is still at this seq. */
    basisSeq?: number;
    /** Refuse (`basis_changed`) unless the version it changes still has this tag (item-version-tag.ts). */
    basisTag?: string;
    /** Refuse (`command_expired`) after this instant. */
    expiresAt?: string;
  };
}[T];

/** What happens by itself. */
export type SystemEvent =
  | { type: 'publication_due'; at: string; publicationId: string }
  | { type: 'publication_sending'; at: string; publicationId: string }
  | {
      type: 'publication_settled';
      at: string;
      publicationId: string;
      outcome: 'published' | 'rejected' | 'unknown' | 'hash_mismatch' | 'missed';
      remoteId?: string;
      permalink?: string;
      publishedAt?: string;
      evidence?: string;
      clocks?: ClockFacts;
    }
  | { type: 'slot_passed'; at: string; publicationId: string }
  | { type: 'approval_deadline_passed'; at: string; publicationId: string }
  | { type: 'checkpoint_recorded'; at: string; publicationId: string; checkpoint: string }
  | { type: 'checkpoint_missed'; at: string; publicationId: string; checkpoint: string }
  | { type: 'review_frozen'; at: string; reviewId: string; hash: string; clocks?: ClockFacts }
  | { type: 'clock_step'; at: string; step: 0 | 1 | 2 | 3 }
  | { type: 'campaign_released'; at: string }
  | { type: 'campaign_cancelled'; at: string; reason: string };

export type ItemMachineEvent = Command | SystemEvent;

/** Where a command may be given and by whom. `responsible` = whoever owns the place the item is in. */
export interface CommandAccess {
  in: readonly Place[];
  by: readonly Role[] | 'responsible' | 'receiver' | 'asked_roles';
}
