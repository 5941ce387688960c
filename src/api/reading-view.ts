import { z } from '@hono/zod-openapi';
import type { ReadingRow } from '../db/item/readings.ts';
import { MeasureId, type Reading } from '../domain/kpi/measures.ts';
import { InstantText } from './route-parts.ts';

export const StoredReading = z
  .object({
    id: z.string(),
    measure: MeasureId,
    value: z.number(),
    publicationId: z.string().optional(),
    channelAccountId: z.string().optional(),
    checkpoint: z.string().optional(),
    asOf: InstantText,
    source: z.string(),
    provisional: z.boolean(),
    createdBy: z.string().optional().describe('the member who stated it; absent from a source'),
    createdAt: InstantText,
  })
  .meta({ id: 'StoredReading' });

/** A stored reading as the API shows it. */
export function readingView(row: ReadingRow): z.infer<typeof StoredReading> {
  const { createdBy, createdAt } = row;
  return { ...readingOf(row), ...(createdBy !== null && { createdBy }), createdAt };
}

/** A stored reading in the terms of the KPI arithmetic. */
export function readingOf(row: ReadingRow): Reading {
  const { id, measure, value, asOf, source, provisional } = row;
  const { publicationId, channelAccountId, checkpoint } = row;
  return {
    id,
    measure,
    value,
    asOf,
    source,
    provisional,
    ...(publicationId !== null && { publicationId }),
    ...(channelAccountId !== null && { channelAccountId }),
    // Checked by its schema before it was stored.
    ...(checkpoint !== null && { checkpoint: checkpoint as NonNullable<Reading['checkpoint']> }),
  };
}
