import { z } from '@hono/zod-openapi';
import { KPI_IDS, KPI_UNITS, type KpiId, kpiDefinition } from '../../domain/kpi/catalogue.ts';
import { compareText } from '../../domain/kpi/readings.ts';
import { type AlikeItems, alikeTree } from '../../domain/kpi/roll-up/alike-items.ts';
import { nodeOf, type ScopeNode } from '../../domain/kpi/roll-up/rollup.ts';
import { scopeKpis } from '../../domain/kpi/roll-up/scope-kpis.ts';
import { Coverage, KpiId as KpiName, type VerdictRow } from '../../domain/kpi/verdict-schema.ts';

const number = z.object({
  value: z.number().nullable(),
  low: z.number().optional().describe('lower bound of the 95 % interval'),
  high: z.number().optional().describe('upper bound of the 95 % interval'),
  numerator: z.number().optional(),
  denominator: z.number().optional(),
  gross: z.number().optional().describe('people of several posts, who may be the same'),
  reason: z.string(),
  coverage: Coverage.optional(),
});
type Figure = z.infer<typeof number>;

const KpiOfWeek = z.object({
  kpi: KpiName,
  unit: z.enum(KPI_UNITS),
  direction: z.enum(['higher', 'lower']),
  ...number.shape,
  before: number.describe('of the week before'),
  change: z.number().nullable().describe('the value less that of the week before'),
});

const ReportedPost = z.object({
  publicationId: z.string(),
  itemId: z.string(),
  title: z.string(),
  publishedAt: z.string(),
  kpis: z.record(z.string(), number),
});
export type ReportedPost = z.infer<typeof ReportedPost>;

export const ChannelReport = z
  .object({
    channelAccountId: z.string(),
    name: z.string(),
    channel: z.string(),
    week: z.string(),
    zone: z.string(),
    from: z.string(),
    until: z.string(),
    checkpoint: z.string().describe('the age at which each post is read'),
    kpis: z.array(KpiOfWeek),
    posts: z.array(ReportedPost).describe('those that went out in the week, oldest first'),
    rankedBy: KpiName.nullable().describe('what best and worst are told by'),
    best: z.string().nullable().describe('id of a publication'),
    worst: z
      .string()
      .nullable()
      .describe('id of a publication; null below two posts with a figure'),
  })
  .meta({ id: 'ChannelReport' });
export type ChannelReport = z.infer<typeof ChannelReport>;

/** A post that went out, as it is listed. */
export type ListedPost = Omit<ReportedPost, 'kpis'>;

export interface ReportInput
  extends Pick<
    ChannelReport,
    'channelAccountId' | 'name' | 'channel' | 'week' | 'zone' | 'from' | 'until' | 'checkpoint'
  > {
  posts: readonly ListedPost[];
  postsBefore: readonly ListedPost[];
  /** The items of both. */
  items: readonly AlikeItems[];
}

const REPORTED: readonly KpiId[] = KPI_IDS.filter((kpi) =>
  kpiDefinition(kpi).roles.includes('social_media_manager'),
);
/** The first one that two posts have a figure of. */
const RANKING = [
  'engagement_rate',
  'er_followers',
  'click_through_rate',
  'campaign_reach',
] as const;

/** The numbers of an account's posts of one week, beside those of the week before. */
export function channelReport(input: ReportInput): ChannelReport {
  const { posts: listed, postsBefore, items, ...about } = input;
  const { checkpoint } = input;
  const now = new Map(rowsOf(treeOf(input, listed), checkpoint).map((row) => [row.kpi, row]));
  const before = new Map(
    rowsOf(treeOf(input, postsBefore), checkpoint).map((row) => [row.kpi, row]),
  );
  const tree = treeOf(input, listed);
  const posts = listed.map((post) => {
    const node = nodeOf(tree, `publication:${post.publicationId}`);
    const rows = node === null ? [] : rowsOf(node, checkpoint);
    return { ...post, kpis: Object.fromEntries(rows.map((row) => [row.kpi, figureOf(row)])) };
  });
  return {
    ...about,
    kpis: REPORTED.flatMap((kpi) => {
      const [row, earlier] = [now.get(kpi), before.get(kpi)];
      if (row === undefined || earlier === undefined) return [];
      const { unit, direction, value } = row;
      const change = value === null || earlier.value === null ? null : value - earlier.value;
      return [{ kpi, unit, direction, ...figureOf(row), before: figureOf(earlier), change }];
    }),
    posts,
    ...extremesOf(posts),
  };
}

function rowsOf(tree: ScopeNode, checkpoint: string): VerdictRow[] {
  return scopeKpis({ tree, checkpoint, kpis: REPORTED });
}

/** Posts alone, and the followers of the account: a figure for more than these posts says nothing of them. */
function treeOf(
  { items, checkpoint, channelAccountId }: ReportInput,
  posts: readonly ListedPost[],
): ScopeNode {
  const ids = new Set(posts.map(({ publicationId }) => publicationId));
  const tree = alikeTree(
    items.flatMap(({ itemId, publications, readings }) => {
      const own = publications.filter(({ id }) => ids.has(id));
      const read = readings.filter(
        ({ publicationId, measure }) => publicationId !== undefined || measure === 'followers',
      );
      return own.length === 0 ? [] : [{ itemId, publications: own, readings: read }];
    }),
    checkpoint,
  );
  const scope = `channel:${channelAccountId}` as const;
  return nodeOf(tree, scope) ?? { scope, cells: new Map(), children: [] };
}

function figureOf(row: VerdictRow): Figure {
  const { value, low, high, numerator, denominator, gross_reach: gross, coverage } = row;
  return {
    value,
    ...(low !== undefined && { low }),
    ...(high !== undefined && { high }),
    ...(numerator !== undefined && { numerator }),
    ...(denominator !== undefined && { denominator }),
    ...(gross !== undefined && { gross }),
    reason: row.reason.replace(/ No target was set\.$/, ''),
    ...(coverage !== undefined && { coverage }),
  };
}

function extremesOf(
  posts: readonly ReportedPost[],
): Pick<ChannelReport, 'rankedBy' | 'best' | 'worst'> {
  for (const kpi of RANKING) {
    const ranked = posts
      .flatMap(({ publicationId, kpis }) => {
        const value = kpis[kpi]?.value ?? null;
        return value === null ? [] : [{ publicationId, value }];
      })
      .sort((a, b) => b.value - a.value || compareText(a.publicationId, b.publicationId));
    if (ranked.length < 2) continue;
    const [best, worst] = [ranked.at(0), ranked.at(-1)];
    return {
      rankedBy: kpi,
      best: best?.publicationId ?? null,
      worst: worst?.publicationId ?? null,
    };
  }
  return { rankedBy: null, best: null, worst: null };
}
