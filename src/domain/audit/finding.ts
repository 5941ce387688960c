import { z } from 'zod';
import { sha256Hex } from '../canonical.ts';
import { ID_PREFIXES } from '../ids.ts';
import { ROLES } from '../people/roles.ts';
import { FINDING_CODES, type FindingCode, REPAIRS, SEVERITIES } from './finding-catalogue.ts';

export const FindingId = z
  .string()
  .regex(/^fnd_[0-9a-f]{26}$/)
  .meta({ id: 'FindingId', example: 'fnd_0a1b2c3d4e5f60718293a4b5c6' });

/** One answer of the stuck audit. */
export const Finding = z
  .object({
    id: FindingId.describe('the same for as long as the same thing is stuck'),
    code: z.enum(FINDING_CODES),
    severity: z.enum(SEVERITIES),
    itemId: z.string().optional().describe('absent: it is about the workspace or the engine'),
    since: z.string().meta({ format: 'date-time' }).describe('by the clock of what is stuck'),
    waitingOn: z
      .array(
        z.object({
          role: z.enum(ROLES),
          memberId: z.string().optional(),
          for: z.string().describe('the command that would move the item on'),
        }),
      )
      .describe('whom the item waits for; empty while it waits for the system'),
    unmet: z
      .array(z.object({ code: z.string(), message: z.string(), role: z.enum(ROLES).optional() }))
      .describe('what keeps the person from giving that command'),
    evidence: z.record(z.string(), z.unknown()).describe('what was seen, see docs/audit.md'),
    repairs: z
      .array(z.enum(REPAIRS))
      .describe('a repair named like a command sends that command of the item'),
    noRepair: z.string().optional().describe('why nothing that can be asked for puts it right'),
    message: z.string(),
  })
  .meta({ id: 'Finding' });
export type Finding = z.infer<typeof Finding>;

export const CLOSED_BECAUSE = ['gone', 'item_closed', 'repaired'] as const;
export type ClosedBecause = (typeof CLOSED_BECAUSE)[number];

/** A finding as the watch stored it. */
export const FindingRecord = Finding.omit({ unmet: true, repairs: true })
  .extend({
    openedAt: z.string().meta({ format: 'date-time' }).describe('when the watch first saw it'),
    lastSeenAt: z.string().meta({ format: 'date-time' }),
    closedAt: z.string().meta({ format: 'date-time' }).nullable().describe('null: it is open'),
    closedBecause: z
      .enum(CLOSED_BECAUSE)
      .nullable()
      .describe('two looks in a row did not see it, after a repair, or its item has been closed'),
  })
  .meta({ id: 'FindingRecord' });
export type FindingRecord = z.infer<typeof FindingRecord>;

/** Something the audit wanted to know and could not find out, and what it says nothing about. */
export const CouldNotAsk = z
  .object({
    what: z.string(),
    why: z.string(),
    codes: z.array(z.enum(FINDING_CODES)).describe('findings that may therefore be missing'),
  })
  .meta({ id: 'CouldNotAsk' });
export type CouldNotAsk = z.infer<typeof CouldNotAsk>;

/** Hex digits at the end of an id that say which workspace was told of the finding. */
const MARK_LENGTH = 8;

/**
 * The part of a finding's id that says what is stuck. It is the same whoever was told.
 */
export function findingSubject(id: string): string {
  return id.slice(0, -MARK_LENGTH);
}

/**
 * The id under which a workspace is told of a finding. Findings are looked for, not stored: so the id
 * itself says whether one of this name was ever this workspace's.
 */
export function issuedFindingId(id: string, workspaceId: string): string {
  const subject = findingSubject(id);
  return subject + sha256Hex(`${workspaceId} ${subject}`).slice(0, MARK_LENGTH);
}

/** Derived from what is stuck, so that every audit names the same thing alike. */
export function findingId(code: FindingCode, subject: string): string {
  return `${ID_PREFIXES.finding}_${sha256Hex(`${code} ${subject}`).slice(0, 26)}`;
}
