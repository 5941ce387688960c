import { kpiReviewActivities } from '../../src/activities/kpi-review.ts';
import { newId } from '../../src/db/ids.ts';
import { appendReadings, type NewReading } from '../../src/db/item/readings.ts';
import { saveBrief } from '../../src/db/item/versions.ts';
import { inWorkspace } from '../../src/db/workspace-scope.ts';
import type { Brief } from '../../src/domain/item/content/brief.ts';
import { digestBrief } from '../../src/domain/item/content/digests.ts';
import type { ItemContext, PublicationRecord } from '../../src/domain/item/context.ts';
import type { ItemSnapshot } from '../../src/domain/item/run.ts';
import type { MeasureId } from '../../src/domain/kpi/measures.ts';
import { firstRow, makeItem, type OpenTestDb, type TestWorkspace } from './db-fixture.ts';

const DAY_MS = 86_400_000;
export const FIRST_DAY_MS = Date.parse('2026-01-01T08:00:00.000Z');

export interface Piece {
  /** Of its post, counted from the first day. */
  day: number;
  shares: number;
  channel?: string;
  assetKinds?: string[];
}

export interface PublishedPiece {
  key: { workspaceId: string; itemId: string };
  itemId: string;
  publicationId: string;
  snapshot: ItemSnapshot;
  at: string;
}

/** A piece with one post, a target of 100 shares and a reading of them, as its run leaves it. */
export async function publishPiece(
  { db }: OpenTestDb,
  of: TestWorkspace,
  { day, shares, channel = 'sandbox', assetKinds = ['written'] }: Piece,
): Promise<PublishedPiece> {
  const itemId = newId('item');
  const key = { workspaceId: of.workspaceId, itemId };
  const body: Brief = {
    kpiTargets: [{ kpi: 'shares', target: 100, checkpoint: '+7d' }],
    guardrails: [{ kpi: 'shares', checkpoint: '+7d' }],
  };
  const digest = digestBrief(body, 1);
  const publicationId = `pub_${itemId}`;
  const publishedAt = new Date(FIRST_DAY_MS + day * DAY_MS).toISOString();
  const publication: PublicationRecord = {
    id: publicationId,
    channelAccountId: `cha_${channel}`,
    channel,
    slotNumber: 1,
    state: 'published',
    at: publishedAt,
    local: publishedAt.slice(0, 16),
    zone: 'UTC',
    contentHash: null,
    remoteId: null,
    permalink: null,
    publishedAt,
    evidence: null,
  };
  const { snapshot: started } = firstRow(of, itemId);
  const context: ItemContext = {
    ...started.context,
    brief: digest,
    draft: { ...({} as NonNullable<ItemContext['draft']>), assetKinds },
    publications: [publication],
  };
  const snapshot = { ...started, context };
  await makeItem(db, of, { id: itemId, snapshot });
  const authorId = of.memberOf('strategist');
  await saveBrief(db, { ...key, hash: digest.hash, authorId, body });
  const piece = { key, itemId, publicationId, snapshot, at: publishedAt };
  await readPiece(db, piece, { shares });
  return piece;
}

/** Readings of its post at seven days, unless another age is given. */
export async function readPiece(
  db: OpenTestDb['db'],
  { key, publicationId, at }: PublishedPiece,
  values: Partial<Record<MeasureId, number>>,
  change: Partial<NewReading> = {},
): Promise<void> {
  await appendReadings(db, {
    ...key,
    additions: Object.entries(values).map(([measure, value]) => ({
      // Keys of a record over measures.
      measure: measure as MeasureId,
      value,
      checkpoint: '+7d',
      publicationId,
      source: 'sandbox',
      provisional: false,
      asOf: at,
      ...change,
    })),
  });
}

/** Freezes the review of a piece, as its run would. */
export async function freezePiece(
  { program }: OpenTestDb,
  { key, itemId, snapshot, at }: PublishedPiece,
) {
  const question = { ...key, reviewId: `rev_${itemId}`, number: 1, snapshot, at };
  const { freezeReview } = kpiReviewActivities({ db: program });
  return inWorkspace(key, () => freezeReview(question));
}
