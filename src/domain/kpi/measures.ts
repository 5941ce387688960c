import { z } from 'zod';
import { Instant } from '../instant.ts';
import { CheckpointName } from './checkpoint-name.ts';
import { MEASURE_IDS, measureValueIssue } from './measure-rules.ts';

export const MeasureId = z
  .enum(MEASURE_IDS)
  .meta({ id: 'MeasureId', description: 'a base measure', example: 'impressions' });
export type MeasureId = z.infer<typeof MeasureId>;

/** `baseline` is taken just before publishing; the others are ages since. */
export const ReadingCheckpoint = z
  .union([z.literal('baseline'), CheckpointName], {
    error: 'is "baseline" or an age such as "+24h" or "+7d"',
  })
  .meta({ id: 'ReadingCheckpoint', example: '+24h' });
export type ReadingCheckpoint = z.infer<typeof ReadingCheckpoint>;

/** What a person states has these sources. Every other name belongs to its adapter. */
export const STATED_SOURCES = ['manual', 'csv'] as const;

const rowId = z.string().min(1).max(120);

const fields = {
  measure: MeasureId,
  value: z.number(),
  publicationId: rowId.optional(),
  channelAccountId: rowId.optional(),
  checkpoint: ReadingCheckpoint.optional(),
  asOf: Instant,
};

/** A reading as it is handed in: no id yet; a manual value that is settled unless it says otherwise. */
export const ReadingInput = z
  .strictObject({
    ...fields,
    source: z
      .enum(STATED_SOURCES, {
        error: 'is "manual" or "csv": every other name is of the adapter that asks that source',
      })
      .default('manual'),
    provisional: z.boolean().default(false),
  })
  .superRefine(checkReading)
  .meta({
    id: 'ReadingInput',
    example: {
      measure: 'impressions',
      value: 12_000,
      publicationId: 'pub_1',
      checkpoint: '+24h',
      asOf: '2026-03-02T08:00:00Z',
    },
  });
export type ReadingInput = z.infer<typeof ReadingInput>;

/**
 * One measured number; append-only. Its scope is a publication, a channel account, or the item when
 * it names neither.
 */
export const Reading = z
  .strictObject({
    id: rowId,
    ...fields,
    source: z
      .string()
      .regex(/^[A-Za-z][\w .:/-]{0,59}$/, 'is the name of a source, such as "manual" or "sandbox"'),
    provisional: z.boolean(),
    createdBy: rowId.optional().describe('the member who stated it; absent from a source'),
    createdAt: Instant.optional().describe('when it was stored'),
    definition: z
      .string()
      .min(1)
      .max(60)
      .optional()
      .describe('how the source defines the measure, where it can be one of several'),
  })
  .superRefine(checkReading)
  .meta({ id: 'Reading' });
export type Reading = z.infer<typeof Reading>;

function checkReading(
  reading: {
    measure: MeasureId;
    value: number;
    publicationId?: string | undefined;
    channelAccountId?: string | undefined;
  },
  context: z.RefinementCtx,
): void {
  const issue = measureValueIssue(reading.measure, reading.value);
  if (issue !== null) context.addIssue({ code: 'custom', path: ['value'], message: issue });
  if (reading.publicationId !== undefined && reading.channelAccountId !== undefined) {
    context.addIssue({
      code: 'custom',
      path: ['channelAccountId'],
      message: 'a reading belongs to a publication or to a channel account, not to both',
    });
  }
}
