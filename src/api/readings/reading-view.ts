import { z } from '@hono/zod-openapi';
import { type ReadingRow, readingOf } from '../../db/item/readings.ts';
import { MeasureId } from '../../domain/kpi/measures.ts';
import { InstantText } from '../route-parts.ts';

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
  return { ...readingOf(row), createdAt: row.createdAt };
}
