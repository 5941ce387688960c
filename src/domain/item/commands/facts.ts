import type { Role } from '../../people/roles.ts';
import type { ClockedStage } from '../stages.ts';

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

/** The other publication that holds the post which a command names. */
export interface PostHolder {
  publicationId: string;
  itemId: string;
}

/** What the API checked for any command. */
export interface Facts {
  clocks?: ClockFacts;
  warnings?: { code: string; message: string }[];
}

/** A draft's machine checks against the brief, and its variants against the limits, as they are now. */
export interface DraftFacts {
  failedChecks?: string[];
  violations?: string[];
  /** The draft that was looked at: of another one these say nothing. Commands of before have none. */
  draftHash?: string;
  /** What its links call the campaign, where they are tagged: null for none that has a slug. */
  linkCampaign?: string | null;
}

/** Active members per role, as far as a guard needs them. */
export type Holders = Partial<Record<Role, string[]>>;

/** Under which other ids the actor may have decided or written: a member, and links given to them. */
export interface SamePerson {
  samePerson?: string[];
}
