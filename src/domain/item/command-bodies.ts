import { z } from 'zod';
import { APPROVAL_BODIES } from './commands/approval.ts';
import { CONTENT_BODIES } from './commands/content.ts';
import { HANDOFF_BODIES } from './commands/handoff.ts';
import { REVIEW_BODIES } from './commands/kpi-review.ts';
import { SCHEDULE_BODIES } from './commands/schedule.ts';
import { STAGE_BODIES } from './commands/stage.ts';
import type { CommandType } from './commands.ts';
import { Brief } from './content/brief.ts';

/** Bodies of the commands as they come over HTTP and webhooks; the same names as in `actions`. */
export const COMMAND_BODIES = {
  ...CONTENT_BODIES,
  ...HANDOFF_BODIES,
  ...APPROVAL_BODIES,
  ...SCHEDULE_BODIES,
  ...REVIEW_BODIES,
  ...STAGE_BODIES,
} as const satisfies Record<CommandType, z.ZodType>;

export type CommandBody<T extends CommandType> = z.infer<(typeof COMMAND_BODIES)[T]>;

/** Body of `POST /v1/items`. */
const ItemTitle = z.string().trim().min(1).max(300);

/** One item of a planning session: its campaign is named once for all. */
export const PlannedItemBody = z
  .strictObject({
    title: ItemTitle,
    playbook: z.string().min(1).max(60).optional(),
    brief: Brief.optional(),
    team: z
      .strictObject({
        strategist: z.string().min(1).max(64).optional(),
        creator: z.string().min(1).max(64).optional(),
        social_media_manager: z.string().min(1).max(64).optional(),
      })
      .optional(),
  })
  .meta({ id: 'PlannedItem' });
export type PlannedItemBody = z.infer<typeof PlannedItemBody>;

export const StartItemBody = z
  .strictObject({
    ...PlannedItemBody.shape,
    title: ItemTitle.optional(),
    fromReview: z.string().min(1).max(120).optional().meta({
      description:
        'id of a signed KPI review that decided iterate, scale or recycle: the item carries it on, with its brief and its learnings. One item for each review: asked again, the same one is answered',
    }),
    campaignId: z.string().min(1).max(64).optional(),
  })
  .refine(({ title, fromReview }) => title !== undefined || fromReview !== undefined, {
    message: 'is required, but for an item that carries on a review',
    path: ['title'],
  })
  .meta({ id: 'StartItem' });
export type StartItemBody = z.infer<typeof StartItemBody>;
