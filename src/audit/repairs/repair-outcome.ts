import type { BodyIssue, Caller } from '../../commands/command-outcome.ts';
import type { CouldNotAsk } from '../../domain/audit/finding.ts';
import type { BulkRepair, Repair } from '../../domain/audit/finding-catalogue.ts';
import type { Unmet } from '../../domain/item/requirements/catalogue.ts';
import type { Role } from '../../domain/people/roles.ts';
import type { FindingFilters } from '../stuck-findings.ts';

export interface RepairRequest {
  caller: Caller;
  findingId: string;
  repair: Repair;
  reason: string;
  /** What the repair needs besides, as its command or request takes it. */
  with?: Record<string, unknown> | undefined;
  /** What it is known by when it is asked for again: a command that it sends has this id. New if absent. */
  key?: { commandId: string; bodyHash: string } | undefined;
  /** ISO instant, real time. */
  now: string;
  /** Only says what would be done. */
  dryRun?: boolean | undefined;
}

/** How a repair is to be carried out, for the one who carries it out. */
export interface RepairOrder extends Pick<RepairRequest, 'reason' | 'caller'> {
  key: { commandId: string; bodyHash: string };
  with: Record<string, unknown>;
  dryRun: boolean;
}

/** What a repair did, or would do. */
export interface RepairReport {
  /** In sentences; empty when there was nothing to do. */
  changes: string[];
  /** Stored with who asked for it and why. */
  result: Record<string, unknown>;
  /** It was tried and failed again, whatever the next look sees. */
  failedAgain?: boolean;
}

/** It would do harm as things are, or could not be carried out; nothing was changed. */
export interface Impossible {
  outcome: 'not_possible';
  why: string;
  /** What the machine refuses the command for. */
  unmet?: readonly Unmet[];
}

export type RepairOutcome =
  | ({ outcome: 'done'; repairId?: string; stillFound: boolean } & RepairReport)
  | { outcome: 'would'; changes: string[] }
  /** The finding is true, and this repair changes nothing about it. */
  | { outcome: 'nothing_to_do' }
  /** The finding is no longer true. */
  | { outcome: 'gone' }
  /** No audit ever told this workspace of such a finding. */
  | { outcome: 'unknown' }
  /** Whether it is true could not be found out. */
  | { outcome: 'cannot_tell'; couldNotAsk: CouldNotAsk[] }
  /** The finding has other repairs, or none. */
  | { outcome: 'not_offered'; repairs: Repair[] }
  | { outcome: 'forbidden'; roles: readonly Role[] }
  /** What was sent with it breaks a rule of its command or request. */
  | { outcome: 'invalid'; issues: BodyIssue[] }
  /** The same key was used for another repair. */
  | { outcome: 'idempotency_conflict'; commandId: string }
  | Impossible;

/** One repair of all that a filter finds. */
export interface BulkRepairRequest extends Omit<RepairRequest, 'findingId' | 'repair'> {
  repair: BulkRepair;
  filters: FindingFilters;
  /** Findings at most. */
  limit: number;
  cursor?: string | undefined;
  /** What has not begun by then is left for the next page. */
  beginWithinMs?: number;
}

/** What became of one of them. */
export interface BulkRepairResult {
  findingId: string;
  itemId?: string;
  outcome: 'done' | 'would' | 'nothing_to_do' | 'not_possible';
  changes: string[];
  /** Whether the finding stands afterwards; of what was done. */
  stillFound?: boolean;
  /** Why it was not possible. */
  error?: string;
  unmet?: readonly Unmet[];
}

export type BulkRepairOutcome =
  | { outcome: 'forbidden'; roles: readonly Role[] }
  | {
      outcome: 'answered';
      results: BulkRepairResult[];
      couldNotAsk: CouldNotAsk[];
      nextCursor: string | null;
    };

/** A repair that must not go on. */
export class NotPossible extends Error {
  override readonly name = 'NotPossible';
  readonly unmet: readonly Unmet[];

  constructor(message: string, unmet: readonly Unmet[] = []) {
    super(message);
    this.unmet = unmet;
  }
}
