/** The table of KPIs: longer than other files, because a KPI is looked up in one place. */

import { keysOf } from '../keys.ts';
import type { OwnerRole } from '../people/roles.ts';
import type { Floor } from './floor.ts';
import { difference, type Formula, formula, type Term, total, totalOfExposed } from './formula.ts';

export const KPI_UNITS = ['count', 'accounts', 'fraction', 'ratio', 'position', 'points'] as const;
export type KpiUnit = (typeof KPI_UNITS)[number];

/** One number of a KPI and how it is judged. */
export interface KpiFigureDefinition {
  name: string;
  unit: KpiUnit;
  /**
   * `proportion`: Wilson 95 % interval. `count`: exact Poisson interval. `census`: compared directly,
   * it is not a sample. `ratio`: a ratio without a known spread, so a floor and no interval.
   */
  kind: 'proportion' | 'count' | 'census' | 'ratio';
  /** The numerator counts some of what the denominator counts: more than all is a contradiction. */
  subset?: true;
  /** The first definition that most parts can supply is used for all of them. */
  formulas: readonly [Formula, ...Formula[]];
  floors: readonly Floor[];
  /** Below this sample the value itself is not shown. */
  showFrom?: Floor;
}

export interface KpiDefinition {
  roles: readonly OwnerRole[];
  direction: 'higher' | 'lower';
  /**
   * `sum` adds the figures of the parts; `sum_over_sum` adds both sides, then divides; `gross` must
   * not be added: the parts are shown beside a total that says it is gross.
   */
  rollUp: 'sum' | 'sum_over_sum' | 'gross';
  /** What a roll-up adds up: publications, or the channel accounts themselves. */
  parts: 'publications' | 'accounts';
  /** A second figure is shown beside the first; a target of at most 1 is meant for the rate. */
  figures: readonly [KpiFigureDefinition, ...KpiFigureDefinition[]];
  /** Hours of age before a source's reading may be judged; a manual value has none. */
  settlesAfterHours?: number;
  targetRange: readonly [low: number, high: number];
  /** From which attainment on the light is green or amber; 100 % and 90 % when absent. */
  bands?: { green: number; amber: number };
  note?: string;
}

const ENGAGEMENTS = totalOfExposed('reactions', 'comments', 'shares', 'saves', 'link_clicks');
const CLASSIFIED = total('mentions_pos', 'mentions_neu', 'mentions_neg');

const SESSIONS_100: Floor = { term: total('sessions'), atLeast: 100, unit: 'sessions' };
const FOLLOWERS_100: Floor = {
  term: total('followers_at_publish'),
  atLeast: 100,
  unit: 'followers at the start',
};
const IMPRESSIONS_1000: Floor = { term: total('impressions'), atLeast: 1_000, unit: 'impressions' };

const COUNT = [0, Number.MAX_SAFE_INTEGER] as const;

/** What most totals have alike. */
const TALLY = {
  direction: 'higher',
  rollUp: 'sum',
  parts: 'publications',
  targetRange: COUNT,
} as const;

/** What most quotients have alike: as a rule a fraction. */
const QUOTIENT = {
  direction: 'higher',
  rollUp: 'sum_over_sum',
  parts: 'publications',
  targetRange: [0, 1],
} as const;

export const KPI_CATALOGUE = {
  content_traffic: {
    ...TALLY,
    roles: ['strategist'],
    figures: [plainTotal('sessions', total('sessions'))],
    settlesAfterHours: 24,
    note: 'Sessions are added only where no session is counted twice. A figure for the whole item counts before the sum of its posts.',
  },
  conversions: {
    ...TALLY,
    roles: ['strategist'],
    figures: [{ ...plainTotal('key events', total('key_events')), kind: 'count' }],
  },
  audience_growth: {
    ...QUOTIENT,
    roles: ['strategist', 'social_media_manager'],
    parts: 'accounts',
    figures: [
      {
        name: 'growth',
        unit: 'fraction',
        kind: 'census',
        formulas: [
          formula('net', {
            numerator: difference('followers', 'followers_at_publish'),
            denominator: total('followers_at_publish'),
          }),
        ],
        floors: [FOLLOWERS_100],
      },
    ],
    targetRange: [-1, 10],
    note: 'One person may follow several accounts, so their followers together are a gross audience.',
  },
  unfollows: {
    ...QUOTIENT,
    roles: ['social_media_manager'],
    direction: 'lower',
    parts: 'accounts',
    figures: [
      {
        name: 'net loss of followers',
        unit: 'fraction',
        kind: 'census',
        formulas: [
          formula('net_loss', {
            numerator: difference('followers_at_publish', 'followers'),
            denominator: total('followers_at_publish'),
          }),
        ],
        floors: [FOLLOWERS_100],
      },
    ],
    targetRange: [-10, 1],
    note: 'Sources tell how many follow, not who left: only the net loss is known. Whoever left and was replaced is not in it, so the true unfollows are more. Below 0 the account grew.',
  },
  engagement: {
    ...TALLY,
    roles: ['strategist'],
    figures: [plainTotal('engagements', ENGAGEMENTS)],
  },
  bounce_rate: {
    ...QUOTIENT,
    roles: ['strategist', 'creator'],
    direction: 'lower',
    figures: [
      {
        name: 'bounce rate',
        unit: 'fraction',
        kind: 'proportion',
        subset: true,
        formulas: [
          formula('not_engaged', {
            numerator: difference('sessions', 'engaged_sessions'),
            denominator: total('sessions'),
          }),
          formula('bounced', { numerator: total('bounces'), denominator: total('sessions') }),
        ],
        floors: [SESSIONS_100],
      },
    ],
    note: 'Sources define a bounce in two ways. A roll-up uses one of them and leaves the sources of the other out.',
  },
  pages_per_session: {
    ...QUOTIENT,
    roles: ['strategist', 'creator'],
    figures: [
      {
        name: 'pages per session',
        unit: 'ratio',
        kind: 'ratio',
        formulas: [
          formula('views', { numerator: total('pageviews'), denominator: total('sessions') }),
        ],
        floors: [SESSIONS_100],
      },
    ],
    targetRange: [0, 1_000],
  },
  search_rank: {
    ...QUOTIENT,
    roles: ['strategist'],
    direction: 'lower',
    figures: [
      {
        name: 'average position',
        unit: 'position',
        kind: 'ratio',
        formulas: [
          formula('impression_weighted', {
            numerator: total('position_x_impressions'),
            denominator: total('search_impressions'),
          }),
        ],
        floors: [{ term: total('search_impressions'), atLeast: 100, unit: 'search impressions' }],
      },
    ],
    settlesAfterHours: 7 * 24,
    targetRange: [1, 1_000],
    note: 'A lower number is a higher rank. Without a search impression there is no position.',
  },
  engagement_rate: {
    ...QUOTIENT,
    roles: ['social_media_manager'],
    figures: [proportion('engagement rate', ENGAGEMENTS, total('impressions'), [IMPRESSIONS_1000])],
    note: 'By impressions. One viewer can like and share, so the rate can pass 100 %. It is then flagged and has no interval. Never mixed with er_followers.',
  },
  er_followers: {
    ...QUOTIENT,
    roles: ['social_media_manager'],
    figures: [
      proportion('engagement rate by followers', ENGAGEMENTS, FOLLOWERS_100.term, [FOLLOWERS_100]),
    ],
    note: 'For channels that give no impressions. A KPI of its own: never mixed with engagement_rate.',
  },
  click_through_rate: {
    ...QUOTIENT,
    roles: ['social_media_manager'],
    figures: [
      proportion('click-through rate', total('link_clicks'), total('impressions'), [
        IMPRESSIONS_1000,
        { term: total('link_clicks'), atLeast: 10, unit: 'clicks' },
      ]),
    ],
  },
  campaign_reach: {
    roles: ['social_media_manager'],
    direction: 'higher',
    rollUp: 'gross',
    parts: 'publications',
    figures: [{ ...plainTotal('accounts reached', total('reach')), unit: 'accounts' }],
    targetRange: COUNT,
    note: 'The platform counts a person once within one scope. Over several parts the true reach lies between the largest part and the gross total.',
  },
  sentiment: {
    ...QUOTIENT,
    roles: ['social_media_manager'],
    figures: [
      {
        name: 'net sentiment',
        unit: 'points',
        kind: 'ratio',
        formulas: [
          formula('net', {
            numerator: difference('mentions_pos', 'mentions_neg'),
            denominator: CLASSIFIED,
            scale: 100,
          }),
        ],
        floors: [{ term: CLASSIFIED, atLeast: 100, unit: 'classified mentions' }],
        showFrom: { term: CLASSIFIED, atLeast: 30, unit: 'classified mentions' },
      },
    ],
    targetRange: [-100, 100],
  },
  mentions: {
    ...TALLY,
    roles: ['social_media_manager'],
    figures: [
      {
        ...plainTotal(
          'mentions',
          totalOfExposed('mentions_pos', 'mentions_neu', 'mentions_neg', 'mentions_unclassified'),
        ),
        kind: 'count',
      },
    ],
    note: 'Read it beside sentiment: a rising volume can be a scandal.',
  },
  content_engagement: {
    ...TALLY,
    roles: ['creator'],
    figures: [
      {
        ...plainTotal('engagements', ENGAGEMENTS),
        floors: [{ ...SESSIONS_100, or: IMPRESSIONS_1000 }],
      },
      {
        ...proportion('engaged sessions', total('engaged_sessions'), total('sessions'), [
          SESSIONS_100,
        ]),
        subset: true,
      },
    ],
    note: 'Two figures, never added: the engagements of the posts, and the share of engaged sessions. A target of at most 1 is for the share.',
  },
  audience_reactions: {
    ...TALLY,
    roles: ['creator'],
    figures: [plainTotal('reactions', total('reactions'))],
  },
  shares: {
    ...TALLY,
    roles: ['creator'],
    figures: [plainTotal('shares', total('shares'))],
  },
  downloads: {
    ...TALLY,
    roles: ['creator'],
    figures: [plainTotal('downloads', total('downloads'))],
  },
} as const satisfies Record<string, KpiDefinition>;

export type KpiId = keyof typeof KPI_CATALOGUE;

export const KPI_IDS = keysOf(KPI_CATALOGUE);

/** A KPI's definition in its general type. */
export function kpiDefinition(kpi: KpiId): KpiDefinition {
  return KPI_CATALOGUE[kpi];
}

/** The figure that a target is set on. */
export function judgedFigure(kpi: KpiId, target: number | null): KpiFigureDefinition {
  const { figures } = kpiDefinition(kpi);
  const rate = figures.find((figure) => figure.unit === 'fraction');
  return target !== null && target <= 1 && rate !== undefined ? rate : figures[0];
}

/** Why this can't be a target of the KPI, or null. Rates are fractions: 3 % is 0.03. */
export function kpiTargetIssue(kpi: KpiId, target: number): string | null {
  const { figures, targetRange } = kpiDefinition(kpi);
  const [low, high] = targetRange;
  if (!Number.isFinite(target)) return `a target of ${kpi} is a finite number`;
  if (target < low) return `a target of ${kpi} is at least ${low}`;
  if (target <= high) return null;
  return figures[0].unit === 'fraction'
    ? `a target of ${kpi} is a fraction of at most ${high}: 3 % is 0.03`
    : `a target of ${kpi} is at most ${high}`;
}

function plainTotal(name: string, numerator: Term) {
  return {
    name,
    unit: 'count',
    kind: 'census',
    formulas: [formula(name.replaceAll(' ', '_'), { numerator })],
    floors: [],
  } as const satisfies KpiFigureDefinition;
}

function proportion(name: string, numerator: Term, denominator: Term, floors: readonly Floor[]) {
  return {
    name,
    unit: 'fraction',
    kind: 'proportion',
    formulas: [formula(name.replaceAll(/[ -]/g, '_'), { numerator, denominator })],
    floors,
  } as const satisfies KpiFigureDefinition;
}
