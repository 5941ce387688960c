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
import { fillImports, importAttempts } from './import-queries.ts';

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

/** A connection, an account whose network refused its credentials, a link and an import. */
export async function fillSources(db: Db, filled: FilledWorkspace): Promise<void> {
  const { own: workspaceId, ids } = filled;
  await insertMetricSource(db, connectionOf(filled, ID));
  await noteSourceSuccess(db, { workspaceId, sourceId: ID, kind, channelAccountId: null });
  const { channelAccountId } = ids;
  await keepOutgoingLink(db, { workspaceId, itemId: ids.itemId, ...LINK });
  await addClicks(db, { workspaceId, counted: COUNTED });
  const subject = { workspaceId, sourceId: `x:${channelAccountId}`, kind: 'x', channelAccountId };
  await noteSourceFailure(db, { ...subject, why: 'gone', refused: false, sealed: null });
  await fillImports(db, filled);
}

/** Every query about sources, on what is the filled workspace's own. */
export function sourceAttempts(
  db: Db,
  filled: FilledWorkspace,
): Record<string, () => Promise<unknown>> {
  const { own: workspaceId, ids } = filled;
  const { itemId, channelAccountId } = ids;
  const key = { workspaceId, metricSourceId: ID };
  const subject = { workspaceId, sourceId: ID, kind, channelAccountId: null };
  return {
    ...importAttempts(db, filled),
    readPublishedPage: async () =>
      (await readPublishedPage(db, { workspaceId, itemId, publicationId: 'p', channel: 'x' })).page,
    readLinkGround: async () =>
      (await readLinkGround(db, { workspaceId, itemId, title: 't', contentHash: 'h' })).names,
    keepOutgoingLink: () => keepOutgoingLink(db, { workspaceId, itemId, ...LINK }),
    listOutgoingLinks: () => listOutgoingLinks(db, { workspaceId, itemId }),
    addClicks: () => addClicks(db, { workspaceId, counted: COUNTED }),
    countClicks: () => countClicks(db, { workspaceId, publicationId: LINK.publicationId }),
    insertMetricSource: () => insertMetricSource(db, connectionOf(filled, 'msr_stolen')),
    getMetricSource: () => getMetricSource(db, key),
    pageMetricSources: () => pageMetricSources(db, { workspaceId }),
    findServingSources: () => findServingSources(db, { workspaceId, channelAccountId, site: null }),
    updateMetricSource: () => updateMetricSource(db, { ...key, change: { name: 'stolen' } }),
    deleteMetricSource: () => deleteMetricSource(db, key),
    noteSourceSuccess: () => noteSourceSuccess(db, subject),
    noteSourceFailure: () =>
      noteSourceFailure(db, { ...subject, why: 'stolen', refused: false, sealed: null }),
    forgetRefusal: () => forgetRefusal(db, subject),
    forgetRefusalsOfAccount: () => forgetRefusalsOfAccount(db, { workspaceId, channelAccountId }),
    deleteSourceHealth: () => deleteSourceHealth(db, subject),
    getSourceHealth: () => getSourceHealth(db, subject),
    takeSourceRequest: () =>
      takeSourceRequest(db, { ...subject, limit: { requests: 9, perMs: 1_000 } }),
  };
}
