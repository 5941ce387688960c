import type { Db } from '../../src/db/client.ts';
import {
  addClicks,
  countClicks,
  keepOutgoingLink,
  listOutgoingLinks,
  readLinkGround,
} from '../../src/db/publishing/outgoing-links.ts';
import { readPublishedPage } from '../../src/db/publishing/published-pages.ts';
import {
  deleteSourceHealth,
  forgetRefusal,
  forgetRefusalsOfAccount,
  getSourceHealth,
  noteSourceFailure,
  noteSourceSuccess,
  takeSourceRequest,
} from '../../src/db/workspace/metric-source-health.ts';
import {
  deleteMetricSource,
  findServingSources,
  getMetricSource,
  insertMetricSource,
  pageMetricSources,
  updateMetricSource,
} from '../../src/db/workspace/metric-sources.ts';
import type { FilledWorkspace } from './filled-workspace.ts';
import { attemptsOf, type Read } from './reads.ts';

const ID = 'msr_filled';
const kind = 'goatcounter';

function connectionOf({ own: workspaceId }: FilledWorkspace, id: string) {
  const given = { config: {}, zone: 'UTC', sites: [], channelAccountIds: [], credentials: null };
  return { id, workspaceId, kind, name: id, ...given };
}

const CODE = 'filledlink00';
const COUNTED = [{ code: CODE, day: '2026-03-02', clicks: 3 }];
const LINK = {
  code: CODE,
  publicationId: 'pub_filled',
  channel: 'x',
  written: 'https://example.org/',
  target: 'https://example.org/?utm_source=x',
  address: `https://go.example.com/r/${CODE}`,
} as const;

/** A connection, an account whose network refused its credentials, and a link with clicks. */
export async function fillSources(db: Db, filled: FilledWorkspace): Promise<void> {
  const { own: workspaceId, ids } = filled;
  await insertMetricSource(db, connectionOf(filled, ID));
  await noteSourceSuccess(db, { workspaceId, sourceId: ID, kind, channelAccountId: null });
  const { channelAccountId } = ids;
  await keepOutgoingLink(db, { workspaceId, itemId: ids.itemId, ...LINK });
  await addClicks(db, { workspaceId, counted: COUNTED });
  await db.$client.query('update publications set permalink = $2 where id = $1', [
    `pub_out_${ids.itemId}`,
    'https://x.example/1',
  ]);
  const subject = { workspaceId, sourceId: `x:${channelAccountId}`, kind: 'x', channelAccountId };
  await noteSourceFailure(db, { ...subject, why: 'gone', refused: false, sealed: null });
}

/** Each query about sources and links, asked by a workspace. */
export function sourceReads(db: Db, { ids }: FilledWorkspace): Record<string, Read> {
  const { itemId, channelAccountId } = ids;
  const page = { itemId, publicationId: `pub_out_${itemId}`, channel: 'sandbox' };
  return {
    readPublishedPage: async (workspaceId) =>
      (await readPublishedPage(db, { ...page, workspaceId })).permalink,
    // Without its item it is an error.
    readLinkGround: (workspaceId) =>
      readLinkGround(db, { workspaceId, itemId, title: 't', contentHash: 'h' }).then(
        ({ names }) => names,
        () => null,
      ),
    listOutgoingLinks: (workspaceId) => listOutgoingLinks(db, { workspaceId, itemId }),
    countClicks: async (workspaceId) =>
      (await countClicks(db, { workspaceId, publicationId: LINK.publicationId })) !== null,
    getMetricSource: (workspaceId) => getMetricSource(db, { workspaceId, metricSourceId: ID }),
    pageMetricSources: (workspaceId) => pageMetricSources(db, { workspaceId }),
    findServingSources: (workspaceId) =>
      findServingSources(db, { workspaceId, channelAccountId, site: null }),
    getSourceHealth: (workspaceId) => getSourceHealth(db, { workspaceId, sourceId: ID }),
  };
}

/** The same with what changes them, on what is the filled workspace's own. */
export function sourceAttempts(
  db: Db,
  filled: FilledWorkspace,
): Record<string, () => Promise<unknown>> {
  const { own: workspaceId, ids } = filled;
  const { itemId, channelAccountId } = ids;
  const key = { workspaceId, metricSourceId: ID };
  const subject = { workspaceId, sourceId: ID, kind, channelAccountId: null };
  const link = { ...LINK, code: 'stolenlink00', publicationId: 'pub_stolen' };
  return {
    ...attemptsOf(sourceReads(db, filled), key),
    keepOutgoingLink: () => keepOutgoingLink(db, { workspaceId, itemId, ...link }),
    addClicks: () => addClicks(db, { workspaceId, counted: COUNTED }),
    insertMetricSource: () => insertMetricSource(db, connectionOf(filled, 'msr_stolen')),
    updateMetricSource: () => updateMetricSource(db, { ...key, change: { name: 'stolen' } }),
    deleteMetricSource: () => deleteMetricSource(db, key),
    noteSourceSuccess: () => noteSourceSuccess(db, subject),
    noteSourceFailure: () =>
      noteSourceFailure(db, { ...subject, why: 'stolen', refused: false, sealed: null }),
    forgetRefusal: () => forgetRefusal(db, { workspaceId, sourceId: `x:${channelAccountId}` }),
    forgetRefusalsOfAccount: () => forgetRefusalsOfAccount(db, { workspaceId, channelAccountId }),
    deleteSourceHealth: () => deleteSourceHealth(db, subject),
    takeSourceRequest: () =>
      takeSourceRequest(db, { ...subject, limit: { requests: 9, perMs: 1_000 } }),
  };
}
