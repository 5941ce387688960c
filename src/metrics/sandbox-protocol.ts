import { z } from 'zod';
import type { MeasureId } from '../domain/kpi/measures.ts';

/**
 * Base measures that `GET /v1/metrics` of the sandbox network reports of a post, all of them counts since
 * it was published.
 */
export const SANDBOX_MEASURES = [
  'impressions',
  'reach',
  'reactions',
  'comments',
  'shares',
  'saves',
  'link_clicks',
  'followers',
  'sessions',
  'engaged_sessions',
  'bounces',
  'pageviews',
  'key_events',
  'downloads',
  'mentions_pos',
  'mentions_neu',
  'mentions_neg',
  'search_impressions',
  'search_clicks',
  'position_x_impressions',
] as const satisfies readonly MeasureId[];
export type SandboxMeasure = (typeof SANDBOX_MEASURES)[number];

/** `GET /v1/metrics?marker=&account=&ageSeconds=`; without a marker only the account's `followers`. */
export const SandboxMetrics = z.object({
  asOf: z.iso.datetime(),
  measures: z.partialRecord(z.enum(SANDBOX_MEASURES), z.int().min(0)),
});
export type SandboxMetrics = z.infer<typeof SandboxMetrics>;
