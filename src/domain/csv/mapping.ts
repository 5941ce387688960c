import { z } from 'zod';
import { MEASURE_IDS } from '../kpi/measure-rules.ts';

const header = z.string().trim().min(1).max(100);
const headers = z.array(header).min(1).max(20);

/** What a column says of a piece. */
export const MATCH_KINDS = ['publication_id', 'utm_content', 'remote_id', 'url', 'page'] as const;
export type MatchKind = (typeof MATCH_KINDS)[number];

/** How days are written. `iso` also takes instants. */
export const DATE_FORMATS = ['iso', 'ymd', 'dmy', 'mdy'] as const;
export type DateFormat = (typeof DATE_FORMATS)[number];

export const CsvMeasure = z
  .strictObject({
    measure: z.enum(MEASURE_IDS),
    headers: headers.describe('names that the column may have'),
    of: headers
      .optional()
      .describe('the column is an average or a rate of this one: their product is the measure'),
    unit: z
      .enum(['percent', 'fraction', 'average'])
      .optional()
      .describe('of a column with `of`; a rate itself is never stored'),
  })
  .superRefine(({ of, unit }, context) => {
    if ((of === undefined) === (unit === undefined)) return;
    context.addIssue({
      code: 'custom',
      path: ['unit'],
      message: 'goes with `of`: a rate and the column that it is a rate of',
    });
  })
  .meta({ id: 'CsvMeasure' });
export type CsvMeasure = z.infer<typeof CsvMeasure>;

/** How the columns of an export are read. Case and spaces of a header do not count. */
export const CsvMapping = z
  .strictObject({
    match: z
      .array(z.strictObject({ by: z.enum(MATCH_KINDS), headers }))
      .min(1)
      .max(5)
      .describe('which column says what piece a row is about: the first of them that a file has'),
    asOf: z
      .strictObject({ headers, format: z.enum(DATE_FORMATS).default('iso') })
      .optional()
      .describe('when the numbers of a row were true; without it the import states it'),
    zone: z
      .string()
      .max(64)
      .refine(isZone, 'is not an IANA time zone')
      .optional()
      .describe('of times without one; the zone of the workspace when left out'),
    numbers: z
      .enum(['unambiguous', 'point', 'comma'])
      .default('unambiguous')
      .describe('the decimal mark; `unambiguous` refuses a number that can be read in two ways'),
    measures: z
      .array(CsvMeasure)
      .min(1)
      .max(60)
      .describe('columns of one measure are added; where one of them is empty, the measure is'),
    parts: headers
      .optional()
      .describe('columns that cut the numbers of a piece into parts: such a file is refused'),
    totals: z
      .array(z.string().trim().max(100))
      .max(20)
      .default([])
      .describe('what stands in the column of the piece where a row sums up the others'),
  })
  .meta({
    id: 'CsvMapping',
    example: {
      match: [{ by: 'url', headers: ['Post link'] }],
      asOf: { headers: ['Date'], format: 'dmy' },
      zone: 'Europe/Paris',
      measures: [{ measure: 'impressions', headers: ['Impressions'] }],
    },
  });
export type CsvMapping = z.infer<typeof CsvMapping>;

function isZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
