import type { ReviewDecision } from '../kpi/recommendation.ts';
import type { ApproverRole, OwnerRole, Role } from '../people/roles.ts';
import type { GateRule, Playbook, Quorum } from '../playbook/playbook.ts';
import type { MachineRules } from './machine/rules.ts';
import { IN_FLIGHT_STATES, type PublicationState } from './publication-states.ts';
import type { Approval, Checkpoint, Handoff, SignOff } from './record-schema.ts';
import type { ClockedStage, Place, Stage } from './stages.ts';

/** A rule of the gate, with the number of its external approvers instead of their names. */
export type PinnedRule = Omit<GateRule, 'approvers'> & { externals?: number };

/** What an item is pinned to: the rules of its playbook, without their labels, and the machine's. */
export type PinnedPlaybook = Pick<
  Playbook,
  | 'name'
  | 'version'
  | 'clocks'
  | 'revisionLimit'
  | 'checkpoints'
  | 'slotGraceMinutes'
  | 'approvalDeadlineMinutes'
  | 'checkpointGraceHours'
  | 'overdue'
> & {
  gate: PinnedRule[];
  checklists: { brief: string[]; review: string[] };
  /** Read through `rulesOf`: items of before have none. */
  rules?: MachineRules;
};

/** What the run knows of a brief: its hash and the machine-checked facts. */
export interface BriefDigest {
  version: number;
  hash: string;
  /** Paths that `brief_complete` misses. */
  missing: string[];
  formats: string[];
  channels: string[];
  /** Facts of the brief that ask for further approvers. */
  facts: string[];
  targetCount: number;
  targetsHash: string;
  /** Instant before which nothing may appear. */
  embargoUntil: string | null;
}

/** What the run knows of a draft. */
export interface DraftDigest {
  version: number;
  hash: string;
  assetKinds: string[];
  /** Hash of each channel's variant. */
  variants: Record<string, string>;
  /** `<channel>: <rule>` for every variant that breaks a limit of its channel. */
  violations: string[];
  /** Codes of the machine checks of the review checklist that fail. */
  failedChecks: string[];
}

export interface AskedRole {
  role: ApproverRole;
  quorum: Quorum;
  /** For quorum `all`: who held the role, four eyes respected, when the set was opened. */
  members: string[];
}

/** Opened by a submit; bound to one content hash; void for good once the content changes. */
export interface ApprovalSet {
  number: number;
  contentHash: string;
  asked: AskedRole[];
  decisions: Approval[];
  state: 'open' | 'granted' | 'voided' | 'changes_requested';
}

export interface PublicationRecord {
  id: string;
  channelAccountId: string;
  channel: string;
  slotNumber: number;
  state: PublicationState;
  at: string;
  local: string;
  zone: string;
  /** Version of the time-zone rules that joined `at` and `local`; records of before have none. */
  tzVersion?: string;
  contentHash: string | null;
  remoteId: string | null;
  permalink: string | null;
  publishedAt: string | null;
  /** Why it is rejected, unknown, missed or skipped; what a person said. */
  evidence: string | null;
  /**
   * Of a planned slot whose item was taken back to its gate: given up then, unless the content is
   * approved again. Absent when that deadline was over already.
   */
  heldUntil?: string;
  /** Its deadline passed before it was approved and planned. */
  released?: true;
}

export interface Review {
  id: string;
  number: number;
  /** Hash over targets, the frozen reading set and the verdicts; null until the readings are frozen. */
  hash: string | null;
  /** What Baton recommends, frozen with the readings; reviews of before have none. */
  recommended?: ReviewDecision;
  /** When the last decision went back to the strategist; absent for never. */
  returnedAt?: string;
  signOffs: SignOff[];
  /** The age asked for by `extend_measurement`. */
  extendTo: string | null;
}

/** A stage's clock in epoch milliseconds: start and the 50, 80, 100 and 150 % steps. */
export interface StageClock {
  stage: ClockedStage;
  startedAt: number;
  steps: [number, number, number, number];
  /** How many steps have passed. */
  fired: number;
  /** Since when it is paused (`on_hold`). */
  pausedAt: number | null;
}

/** Small and serialisable: people, hashes, decisions, records, clocks; no text and no names. */
export interface ItemContext {
  itemId: string;
  workspaceId: string;
  playbook: PinnedPlaybook;
  campaign: { id: string; released: boolean } | null;
  team: Record<OwnerRole, string | null>;
  coAuthors: string[];
  brief: BriefDigest | null;
  draft: DraftDigest | null;
  contentHash: string | null;
  /** Everyone who wrote a version or submitted since the start: none of them may approve. */
  authors: string[];
  round: number;
  /** The strategist acknowledged the round past the limit; consumed by the next submit. */
  revisionAcknowledged: boolean;
  handoffs: Handoff[];
  approvals: ApprovalSet[];
  publications: PublicationRecord[];
  checkpoints: Checkpoint[];
  reviews: Review[];
  targetsFrozenAt: string | null;
  clock: StageClock | null;
  heldFrom: Place | null;
  held: { by: string; at: string; stageEnteredAt: string } | null;
  stage: Stage;
  /** When the stage was entered; substages and saves do not move it. */
  stageEnteredAt: string;
  /** Why the campaign was cancelled, while the item still waits for the outcome of a send. */
  cancelling: string | null;
  /** Why the item came back to `scheduling.planning`, when the system sent it there. */
  stageNote: string | null;
}

/** Who acts, as the API states it from the credential. */
export interface Actor {
  memberId: string;
  roles: Role[];
  platformTags: Record<string, number>;
  /** Members whose backup the actor is. */
  backupFor: string[];
}

export function currentHandoff(context: ItemContext): Handoff | null {
  const last = context.handoffs.at(-1);
  return last?.state === 'offered' ? last : null;
}

export function currentApprovals(context: ItemContext): ApprovalSet | null {
  return context.approvals.at(-1) ?? null;
}

/** The content that approvers are asked about, or have approved; null while none is. */
export function submittedContent(context: ItemContext): string | null {
  const set = currentApprovals(context);
  const isAsked = set?.state === 'open' || set?.state === 'granted';
  return isAsked && set.contentHash === context.contentHash ? set.contentHash : null;
}

/** The latest content before the current set's that somebody decided on; null when there is none. */
export function lastDecidedContent({ approvals }: ItemContext): string | null {
  const [current, ...earlier] = approvals.toReversed();
  const decided = earlier.find(
    ({ decisions, contentHash }) => decisions.length > 0 && contentHash !== current?.contentHash,
  );
  return decided?.contentHash ?? null;
}

export function currentReview(context: ItemContext): Review | null {
  return context.reviews.at(-1) ?? null;
}

export function publicationById(context: ItemContext, id: string): PublicationRecord | null {
  return context.publications.find((record) => record.id === id) ?? null;
}

/** Records in flight: no edit, hold or cancel while one exists. */
export function isSending(record: PublicationRecord): boolean {
  return IN_FLIGHT_STATES.includes(record.state);
}

/** True while the granted set binds the content as it is now. */
export function approvalsHold(context: ItemContext): boolean {
  const set = currentApprovals(context);
  return set?.state === 'granted' && set.contentHash === context.contentHash;
}

/** True when the member asked to act for `role` has had a breach: their backup may act. */
export function isBreached(context: ItemContext): boolean {
  return context.clock !== null && context.clock.fired >= 3;
}

/** The rules of the gate that this brief calls for. */
export function rulesThatAsk({ playbook, brief }: ItemContext): PinnedPlaybook['gate'] {
  const facts = brief?.facts ?? [];
  return playbook.gate.filter(
    ({ when }) => when === undefined || when.some((fact) => facts.includes(fact)),
  );
}

/** A round past the revision limit waits for the strategist. */
export function awaitsAcknowledgement({
  round,
  playbook,
  revisionAcknowledged,
}: ItemContext): boolean {
  return round > playbook.revisionLimit && !revisionAcknowledged;
}

/** The roles that still have to approve in the open set. */
export function outstandingRoles(set: ApprovalSet): ApproverRole[] {
  return set.asked.filter((asked) => !quorumReached(asked, set.decisions)).map(({ role }) => role);
}

/** A quorum counts members within a role. */
export function quorumReached(asked: AskedRole, decisions: readonly Approval[]): boolean {
  const yes = new Set(
    decisions
      .filter(({ role, decision }) => role === asked.role && decision === 'approve')
      .map(({ memberId }) => memberId),
  );
  if (asked.quorum === 'any') return yes.size >= 1;
  if (asked.quorum === 'all') return asked.members.every((member) => yes.has(member));
  return yes.size >= asked.quorum.atLeast;
}
