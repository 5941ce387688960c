import { keysOf } from '../keys.ts';

/**
 * The closed list of base measures. Every KPI is computed from these; nothing else is stored.
 * `sum` may be added over disjoint parts. `never` counts people, who are the same people in two
 * parts. `gross` may be added only under a name that begins with `gross_`.
 */
export interface MeasureDefinition {
  kind: 'counter' | 'unique' | 'snapshot';
  rollUp: 'sum' | 'never' | 'gross';
  unit: string;
  integer: boolean;
  meaning: string;
}

export const MEASURES = {
  impressions: counter('impressions', 'times the piece was shown, by the channel’s own definition'),
  reach: unique('accounts', 'distinct accounts that saw it, de-duplicated by the platform'),
  reactions: counter('reactions', 'likes, favourites and other one-tap reactions'),
  comments: counter('comments', 'comments and replies'),
  shares: counter('shares', 'reposts, quotes and sends'),
  saves: counter('saves', 'bookmarks and saves'),
  link_clicks: counter('clicks', 'clicks on the link of the piece'),
  other_clicks: counter('clicks', 'clicks elsewhere on the post'),
  downloads: counter('downloads', 'file downloads'),
  video_views: counter('views', 'video views, by the channel’s own definition'),
  followers: {
    kind: 'snapshot',
    rollUp: 'gross',
    unit: 'followers',
    integer: true,
    meaning: 'followers of the account at that moment',
  },
  mentions_pos: counter('mentions', 'mentioning posts classified as positive'),
  mentions_neu: counter('mentions', 'mentioning posts classified as neutral'),
  mentions_neg: counter('mentions', 'mentioning posts classified as negative'),
  mentions_unclassified: counter('mentions', 'mentioning posts nobody classified'),
  sessions: counter('sessions', 'web sessions whose campaign or landing page is the item'),
  engaged_sessions: counter('sessions', 'sessions that the analytics source calls engaged'),
  bounces: counter('sessions', 'sessions that the analytics source calls bounced'),
  pageviews: counter('page views', 'pages viewed in those sessions'),
  key_events: counter('key events', 'conversions attributed to the item'),
  users: unique('people', 'distinct visitors'),
  search_impressions: counter('impressions', 'times a search result of the item was shown'),
  search_clicks: counter('clicks', 'clicks on a search result of the item'),
  position_x_impressions: {
    ...counter('position × impressions', 'per result row: average position × impressions, summed'),
    integer: false,
  },
} as const satisfies Record<string, MeasureDefinition>;

export type MeasureId = keyof typeof MEASURES;

/** Every measure's id, in the order of the catalogue. */
export const MEASURE_IDS = keysOf(MEASURES);

/** Why this number can't be a value of the measure, or null. Values are at least 0 and finite. */
export function measureValueIssue(measure: MeasureId, value: number): string | null {
  const { integer, unit } = MEASURES[measure];
  if (!Number.isFinite(value)) return `${measure} is a finite number`;
  if (value < 0) return `${measure} is not below 0`;
  if (value > Number.MAX_SAFE_INTEGER) return `${measure} is at most ${Number.MAX_SAFE_INTEGER}`;
  if (integer && !Number.isInteger(value)) return `${measure} counts ${unit} and is a whole number`;
  return null;
}

function counter(unit: string, meaning: string) {
  return { kind: 'counter', rollUp: 'sum', unit, integer: true, meaning } as const;
}

function unique(unit: string, meaning: string) {
  return { kind: 'unique', rollUp: 'never', unit, integer: true, meaning } as const;
}
