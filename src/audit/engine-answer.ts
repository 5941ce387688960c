import type { Client } from '@temporalio/client';
import type { FindingPosition, Observation } from '../db/audit/findings.ts';
import type { AuditRow } from '../db/audit/rows.ts';
import type { Db } from '../db/client.ts';
import type { CouldNotAsk } from '../domain/audit/finding.ts';
import type { FindingCode } from '../domain/audit/finding-catalogue.ts';
import type { AuditMemory } from './audit-memory.ts';
import type { Listing } from './open-runs.ts';

export interface EngineDeps {
  db: Db;
  temporal: Client;
  taskQueue: string;
  memory: AuditMemory;
}

export interface EngineQuestion {
  workspaceId: string;
  /** ISO instant, real time. */
  now: string;
  codes: readonly FindingCode[];
  itemId?: string | undefined;
  after?: FindingPosition | undefined;
  /** Items that something was found about before: their runs are looked at first. */
  suspects?: readonly string[];
}

export interface EngineAnswer {
  facts: Observation[];
  couldNotAsk: CouldNotAsk[];
  /** Open items whose runs were not looked at. */
  unlooked: string[];
}

/** What several questions share. */
export interface Sources {
  listing: Promise<Listing>;
  rows: Promise<AuditRow[]>;
}

export function together(answers: readonly EngineAnswer[]): EngineAnswer {
  return {
    facts: answers.flatMap(({ facts }) => facts),
    couldNotAsk: answers.flatMap(({ couldNotAsk }) => couldNotAsk),
    unlooked: answers.flatMap(({ unlooked }) => unlooked),
  };
}

export const NOTHING: EngineAnswer = { facts: [], couldNotAsk: [], unlooked: [] };

export function notAsked(what: string, why: string, codes: readonly FindingCode[]): EngineAnswer {
  return { ...NOTHING, couldNotAsk: [{ what, why, codes: [...codes] }] };
}
