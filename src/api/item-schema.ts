import { z } from '@hono/zod-openapi';
import { SEGMENT_STATES } from '../domain/channel/publish-segments.ts';
import { PUBLICATION_STATES } from '../domain/item/publication-states.ts';
import {
  Checkpoint,
  Approval as Decision,
  Handoff,
  SignOff,
} from '../domain/item/record-schema.ts';
import { COMMAND_TYPES } from '../domain/item/rules.ts';
import { PLACES, STAGES } from '../domain/item/stages.ts';
import { APPROVER_ROLES, OWNER_ROLES, ROLES } from '../domain/people/roles.ts';
import { Quorum } from '../domain/playbook/playbook.ts';
import { UnmetRequirement } from './gates/errors.ts';
import { LibraryLearning } from './review-document/learning-view.ts';
import { InstantText } from './route-parts.ts';

const memberId = z.string();

export const Owner = z
  .object({ role: z.enum(ROLES).nullable(), memberId: memberId.nullable() })
  .meta({ id: 'Owner', description: 'who owns the stage; nobody once the item is closed' });

export const WaitingOn = z
  .object({
    role: z.enum(ROLES),
    memberId: memberId.optional(),
    for: z.string().describe('the command that would move the item on'),
  })
  .meta({ id: 'WaitingOn' });

/** What every list shows of an item, and what is the same in the item itself. */
const summary = {
  id: z.string().meta({ example: 'itm_01KAMJ5SQ0' }),
  title: z.string(),
  campaignId: z.string().nullable(),
  stage: z.enum(STAGES),
  substage: z.string().nullable(),
  owner: Owner,
  assignee: memberId.nullable(),
  waitingOn: z.array(WaitingOn),
  stageEnteredAt: InstantText,
  dueAt: InstantText.nullable().describe('when the stage is due; a save does not move it'),
  seq: z.int().describe('number of the last event'),
  createdBy: memberId,
  createdAt: InstantText,
  closedAt: InstantText.nullable(),
  clockOffset: z
    .int()
    .optional()
    .describe('milliseconds that the run is ahead of real time; local stack only'),
};

export const ItemSummary = z
  .object({ ...summary, updatedAt: InstantText })
  .meta({ id: 'ItemSummary' });

export const Approval = Decision.extend({
  set: z.int().describe('number of the approval set: each submit opens one'),
  voided: z.literal(true).optional().describe('it no longer counts: the content has changed'),
}).meta({ id: 'Approval' });

/** Without an id of its own in the document: a nullable reference would leave null out. */
const Gate = z
  .object({
    set: z.int(),
    state: z.enum(['open', 'granted', 'voided', 'changes_requested']),
    contentHash: z.string(),
    asked: z.array(
      z.object({ role: z.enum(APPROVER_ROLES), quorum: Quorum, reached: z.boolean() }),
    ),
  })
  .describe('the latest approval set: who is asked, and for which content');

const Segment = z
  .object({
    position: z.int().describe('0 is the first text'),
    state: z.enum(SEGMENT_STATES),
    permalink: z.string().optional(),
  })
  .meta({ id: 'Segment' });

export const Publication = z
  .object({
    id: z.string(),
    channelAccountId: z.string(),
    channel: z.string(),
    state: z.enum(PUBLICATION_STATES),
    at: InstantText,
    local: z.string(),
    zone: z.string(),
    tzVersion: z
      .string()
      .optional()
      .describe('version of the time-zone rules that joined `at` and `local`'),
    slotNumber: z.int(),
    contentHash: z.string().nullable(),
    marker: z.string().describe('what the post can be found by on the channel'),
    remoteId: z.string().optional(),
    permalink: z.string().optional(),
    publishedAt: InstantText.optional(),
    evidence: z.string().optional(),
    segments: z
      .array(Segment)
      .optional()
      .describe('the texts of a thread, once its send has begun'),
    heldUntil: InstantText.optional().describe(
      'the slot of an item that went back to its gate is given up then',
    ),
    released: z.literal(true).optional().describe('its deadline passed before it was planned'),
    proposal: z
      .object({ at: InstantText, local: z.string(), zone: z.string() })
      .optional()
      .describe('the free slot to plan instead of a released one; nobody holds it'),
    warnings: z.array(z.object({ code: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Publication' });

export const Review = z
  .object({
    id: z.string(),
    number: z.int(),
    hash: z.string().nullable().describe('null until its readings are frozen'),
    signOffs: z.array(SignOff),
    missing: z.array(z.enum(OWNER_ROLES)).describe('roles that have not signed'),
    extendTo: z.string().optional(),
  })
  .meta({ id: 'Review' });

export const ChecklistItem = z
  .object({
    code: z.string(),
    label: z.string(),
    kind: z.enum(['machine', 'human']),
    done: z.boolean(),
  })
  .meta({ id: 'ChecklistItem', description: 'an unmet one is the requirement `checklist.<code>`' });

const Succession = z
  .object({ reviewId: z.string(), itemId: z.string() })
  .meta({ id: 'Succession', description: 'a review, and the item at its other end' });

export const Item = z
  .object({
    ...summary,
    playbook: z.object({ name: z.string(), version: z.int() }),
    team: z.record(z.enum(OWNER_ROLES), memberId.nullable()),
    coAuthors: z.array(memberId),
    heldFrom: z.enum(PLACES).optional().describe('where `resume` returns to'),
    note: z.string().optional().describe('why the system sent the item back'),
    brief: z.object({ version: z.int(), hash: z.string() }).nullable(),
    draft: z
      .object({ version: z.int(), hash: z.string(), contentHash: z.string().nullable() })
      .nullable(),
    round: z.int().describe('rounds of changes so far'),
    handoffs: z.array(Handoff),
    gate: Gate.nullable(),
    approvals: z.array(Approval),
    publications: z.array(Publication),
    checkpoints: z.array(Checkpoint),
    review: Review.optional(),
    checklist: z.array(ChecklistItem).describe('of the next handoff'),
    carriesOn: Succession.optional().describe('the review that this item was started from'),
    carriedOnBy: z
      .array(Succession)
      .optional()
      .describe('items that were started from reviews of this one'),
    learnings: z
      .array(LibraryLearning)
      .optional()
      .describe('in briefing: what earlier reviews taught that fits the brief, best first'),
  })
  .meta({ id: 'Item' });
export type Item = z.infer<typeof Item>;

export const Action = z
  .object({
    command: z.enum(COMMAND_TYPES),
    allowed: z.boolean(),
    unmet: z.array(UnmetRequirement),
  })
  .meta({
    id: 'Action',
    description: 'a command, and what stands in its way given a complete payload',
  });
