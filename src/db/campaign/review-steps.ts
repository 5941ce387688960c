import { and, asc, eq, isNull, sql } from 'drizzle-orm';
import { type OpenRound, openRound } from '../../domain/campaign/sign-off.ts';
import { rolesToSign } from '../../domain/item/review-decision.ts';
import type { ReviewDecision } from '../../domain/kpi/recommendation.ts';
import type { OwnerRole } from '../../domain/people/roles.ts';
import type { Db } from '../client.ts';
import { ifGiven } from '../conditions.ts';
import { listReviewSteps, NEVER, type ReviewStepRow } from '../item/items.ts';
import {
  decodeInstantCursor,
  encodeCursor,
  type Page,
  type PageRequest,
  pageLimit,
  toPage,
} from '../paging.ts';
import { campaignReviews, campaignSignOffs, campaigns } from '../schema/index.ts';
import type { CampaignSignOffRow } from './reviews.ts';

type Signed = Pick<CampaignSignOffRow, 'round' | 'role' | 'decision' | 'at'>;

/** The review of a campaign that waits for signatures. */
export interface CampaignStepRow {
  id: string;
  name: string;
  hash: string;
  openedAt: string;
  dueAt: string;
  recommended: ReviewDecision | null;
  signOffs: Signed[];
  open: OpenRound<Signed>;
}

interface StepRequest extends PageRequest {
  workspaceId: string;
  /** Only those that wait for this role. */
  role?: OwnerRole | undefined;
  campaignId?: string | undefined;
}

export type DueStep =
  | { kind: 'item'; row: ReviewStepRow }
  | { kind: 'campaign'; row: CampaignStepRow };

/** Reviews of items and of campaigns that wait for sign-offs, soonest due first. */
export async function listDueSteps(db: Db, request: StepRequest): Promise<Page<DueStep>> {
  const limit = pageLimit(request);
  const [ofItems, ofCampaigns] = await Promise.all([
    listReviewSteps(db, request),
    listCampaignSteps(db, request),
  ]);
  const keyOf = ({ row }: DueStep): [string, string] => [row.dueAt ?? NEVER, row.id];
  const steps = [
    ...ofItems.items.map((row): DueStep => ({ kind: 'item', row })),
    ...ofCampaigns.items.map((row): DueStep => ({ kind: 'campaign', row })),
  ].toSorted((a, b) => compareKeys(keyOf(a), keyOf(b)));
  const more = ofItems.nextCursor !== null || ofCampaigns.nextCursor !== null;
  const page = toPage(steps, limit, keyOf);
  const last = steps.at(-1);
  if (page.nextCursor !== null || !more || last === undefined) return page;
  return { items: steps, nextCursor: encodeCursor(keyOf(last)) };
}

function compareKeys([dueA, idA]: [string, string], [dueB, idB]: [string, string]): number {
  return Date.parse(dueA) - Date.parse(dueB) || (idA < idB ? -1 : 1);
}

/** Who is waited for is a rule, so reviews that do not wait for the role are read and left out. */
async function listCampaignSteps(
  db: Db,
  { role, ...request }: StepRequest,
): Promise<Page<CampaignStepRow>> {
  const limit = pageLimit(request);
  const found: CampaignStepRow[] = [];
  for (let { cursor } = request; ; ) {
    const page = await pageOpenReviews(db, { ...request, cursor });
    found.push(
      ...page.items.filter(
        ({ open }) => role === undefined || rolesToSign(open.signOffs).includes(role),
      ),
    );
    if (found.length > limit || page.nextCursor === null) {
      return toPage(found, limit, ({ dueAt, id }) => [dueAt, id]);
    }
    cursor = page.nextCursor;
  }
}

/** Reviews of campaigns that are not over, soonest due first. */
async function pageOpenReviews(db: Db, request: StepRequest): Promise<Page<CampaignStepRow>> {
  const limit = pageLimit(request);
  const { workspaceId } = request;
  const due = sql`coalesce(${campaignReviews.dueAt}, ${campaignReviews.openedAt})`;
  const isAfter = (cursor: string) => {
    const { at, id } = decodeInstantCursor(cursor);
    return sql`(${due}, ${campaignReviews.campaignId}) > (${at}::timestamptz, ${id})`;
  };
  const rows = await db
    .select({
      id: campaignReviews.campaignId,
      name: campaigns.name,
      hash: campaignReviews.hash,
      openedAt: campaignReviews.openedAt,
      dueAt: campaignReviews.dueAt,
      recommended: sql<ReviewDecision | null>`${campaignReviews.body} #>> '{recommendation,decision}'`,
      signOffs: sql<Signed[]>`(select coalesce(jsonb_agg(jsonb_build_object('round', s.round,
        'role', s.role, 'decision', s.decision, 'at', to_char(s.at at time zone 'UTC',
        'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) order by s.round, s.at), '[]')
        from ${campaignSignOffs} s where s.campaign_id = ${campaignReviews.campaignId}
          and s.workspace_id = ${workspaceId})`,
    })
    .from(campaignReviews)
    .innerJoin(
      campaigns,
      and(
        eq(campaigns.workspaceId, campaignReviews.workspaceId),
        eq(campaigns.id, campaignReviews.campaignId),
      ),
    )
    .where(
      and(
        eq(campaignReviews.workspaceId, workspaceId),
        isNull(campaigns.closedAt),
        isNull(campaigns.cancelledAt),
        ...ifGiven(request.campaignId, (id) => eq(campaignReviews.campaignId, id)),
        ...ifGiven(request.cursor, isAfter),
      ),
    )
    .orderBy(asc(due), asc(campaignReviews.campaignId))
    .limit(limit + 1);
  const steps = rows.map((row) => ({
    ...row,
    dueAt: row.dueAt ?? row.openedAt,
    open: openRound(row.signOffs, row.recommended ?? undefined),
  }));
  return toPage(steps, limit, ({ dueAt, id }) => [dueAt, id]);
}
