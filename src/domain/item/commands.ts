import type { ReviewDecision } from '../kpi/recommendation.ts';
import type { Role } from '../people/roles.ts';
import type { ApprovalPayloads } from './commands/approval.ts';
import type { ContentPayloads } from './commands/content.ts';
import type { ClockFacts } from './commands/facts.ts';
import type { HandoffPayloads } from './commands/handoff.ts';
import type { ReviewPayloads } from './commands/kpi-review.ts';
import type { SchedulePayloads } from './commands/schedule.ts';
import type { StagePayloads } from './commands/stage.ts';
import type { Actor } from './context.ts';
import type { Place } from './stages.ts';

/** Every command of people: what it refers to (`refs`) and what the API checked (`facts`). */
export interface CommandPayloads
  extends ContentPayloads,
    HandoffPayloads,
    ApprovalPayloads,
    SchedulePayloads,
    ReviewPayloads,
    StagePayloads {}

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
    /** Refuse (`basis_changed`) unless the version it changes still has this tag (version-tag.ts). */
    basisTag?: string;
    /** Refuse (`command_expired`) after this instant. */
    expiresAt?: string;
  };
}[T];

/** A source that gave no numbers, and what it said instead. */
export interface UnavailableSource {
  source: string;
  reason: string;
}

/** What happens by itself. It carries what was decided: the machine judges nothing again. */
export type SystemEvent =
  /** `unapproved`: no approval binds what the slot carries. */
  | { type: 'publication_due'; at: string; publicationId: string; unapproved?: true }
  | { type: 'publication_sending'; at: string; publicationId: string }
  | {
      type: 'publication_settled';
      at: string;
      publicationId: string;
      outcome: 'published' | 'rejected' | 'unknown' | 'hash_mismatch' | 'missed';
      /** Of a mismatch: the item has another content since, and its approvals stand. */
      superseded?: true;
      remoteId?: string;
      permalink?: string;
      publishedAt?: string;
      evidence?: string;
      clocks?: ClockFacts;
    }
  | { type: 'slot_passed'; at: string; publicationId: string }
  /** `approved`: it was approved, and not planned. */
  | { type: 'approval_deadline_passed'; at: string; publicationId: string; approved?: true }
  | {
      type: 'checkpoint_recorded' | 'checkpoint_missed';
      at: string;
      publicationId: string;
      checkpoint: string;
      /** Sources that gave nothing, and what they said. */
      unavailable?: UnavailableSource[];
    }
  | {
      type: 'review_frozen';
      at: string;
      reviewId: string;
      hash: string;
      recommended?: ReviewDecision;
      clocks?: ClockFacts;
    }
  | { type: 'clock_step'; at: string; step: 0 | 1 | 2 | 3; percent: number }
  | { type: 'campaign_released'; at: string }
  | { type: 'campaign_cancelled'; at: string; reason: string };

export type ItemMachineEvent = Command | SystemEvent;

/** Where a command may be given and by whom. `responsible` = whoever owns the place the item is in. */
export interface CommandAccess {
  in: readonly Place[];
  /** Where it may be given besides, while a post was refused or is not live: a person replaces it. */
  toReplacePost?: readonly Place[];
  by: readonly Role[] | 'responsible' | 'receiver' | 'asked_roles';
}
