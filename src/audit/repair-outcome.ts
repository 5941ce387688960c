import type { Caller } from '../commands/command-outcome.ts';
import type { CouldNotAsk } from '../domain/audit/finding.ts';
import type { Repair } from '../domain/audit/finding-catalogue.ts';
import type { Role } from '../domain/people/roles.ts';

export interface RepairRequest {
  caller: Caller;
  findingId: string;
  repair: Repair;
  reason: string;
  /** ISO instant, real time. */
  now: string;
}

/** What a repair that the audit carried out came to; stored with who asked for it and why. */
export type RepairResult = Record<string, unknown>;

export type RepairOutcome =
  | { outcome: 'done'; repairId: string; result: RepairResult }
  /** No audit ever told this workspace of such a finding. */
  | { outcome: 'unknown' }
  /** The finding is no longer true. */
  | { outcome: 'gone' }
  /** Whether it is true could not be found out. */
  | { outcome: 'cannot_tell'; couldNotAsk: CouldNotAsk[] }
  /** The finding has other repairs, or none. */
  | { outcome: 'not_offered'; repairs: Repair[] }
  /** It is a command or a request of its own: this is where to send it. */
  | { outcome: 'is_command'; method: 'POST' | 'PUT'; path: string }
  | { outcome: 'forbidden'; roles: Role[] }
  /** It would do harm as things are, or could not be carried out; nothing was changed. */
  | { outcome: 'not_possible'; why: string };

/** A repair that must not go on. */
export class NotPossible extends Error {
  override readonly name = 'NotPossible';
}
