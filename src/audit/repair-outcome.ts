import type { Caller } from '../commands/command-outcome.ts';
import type { CouldNotAsk } from '../domain/audit/finding.ts';
import type { AuditRepair, Repair } from '../domain/audit/finding-catalogue.ts';
import type { Role } from '../domain/people/roles.ts';
import type { FindingFilters } from './stuck-findings.ts';

export interface RepairRequest {
  caller: Caller;
  findingId: string;
  repair: Repair;
  reason: string;
  /** ISO instant, real time. */
  now: string;
  /** Only says what would be done. */
  dryRun?: boolean | undefined;
}

/** How a repair is to be carried out, for the one who carries it out. */
export interface RepairOrder {
  reason: string;
  /** The member who asked for it. */
  actorId: string;
  dryRun: boolean;
}

/** What a repair did, or would do. */
export interface RepairReport {
  /** In sentences; empty when there was nothing to do. */
  changes: string[];
  /** Stored with who asked for it and why. */
  result: Record<string, unknown>;
}

export type RepairOutcome =
  | ({ outcome: 'done'; repairId: string; stillFound: boolean } & RepairReport)
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
  /** It is a command or a request of its own: this is where to send it. */
  | { outcome: 'is_command'; method: 'POST' | 'PUT'; path: string }
  | { outcome: 'forbidden'; roles: Role[] }
  /** It would do harm as things are, or could not be carried out; nothing was changed. */
  | { outcome: 'not_possible'; why: string };

/** One repair of all that a filter finds. */
export interface BulkRepairRequest extends Omit<RepairRequest, 'findingId' | 'repair'> {
  repair: AuditRepair;
  filters: FindingFilters;
  /** Findings at most. */
  limit: number;
  cursor?: string | undefined;
}

/** What became of one of them. */
export interface BulkRepairResult {
  findingId: string;
  itemId?: string;
  outcome: 'done' | 'would' | 'nothing_to_do' | 'not_possible';
  changes: string[];
  /** Why it was not possible. */
  error?: string;
}

export type BulkRepairOutcome =
  | { outcome: 'forbidden'; roles: Role[] }
  | {
      outcome: 'answered';
      results: BulkRepairResult[];
      couldNotAsk: CouldNotAsk[];
      nextCursor: string | null;
    };

/** A repair that must not go on. */
export class NotPossible extends Error {
  override readonly name = 'NotPossible';
}
