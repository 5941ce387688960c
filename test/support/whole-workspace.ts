import type { Db } from '../../src/db/client.ts';
import { campaignReads, type FilledCampaign, fillCampaign } from './campaign-queries.ts';
import { type FilledWorkspace, fillWorkspace } from './filled-workspace.ts';
import { fillImports, importReads } from './import-queries.ts';
import { fillNotices, noticeReads } from './notice-queries.ts';
import { type FilledOutbound, fillOutbound, outboundReads } from './outbound-queries.ts';
import { fillSources, sourceReads } from './source-queries.ts';

export interface WholeWorkspace extends FilledWorkspace {
  campaign: FilledCampaign;
  outbound: FilledOutbound;
  noticeId: string;
}

/** The filled workspace with campaigns, sources, links, imports, subscriptions and notices: rows for every read. */
export async function fillWholeWorkspace(db: Db): Promise<WholeWorkspace> {
  const filled = await fillWorkspace(db);
  const campaign = await fillCampaign(db, filled);
  const outbound = await fillOutbound(db, filled);
  const noticeId = await fillNotices(db, filled);
  await fillSources(db, filled);
  await fillImports(db, filled);
  return {
    ...filled,
    campaign,
    outbound,
    noticeId,
    reads: (given) => ({
      ...filled.reads(given),
      ...campaignReads(given, campaign),
      ...outboundReads(given, outbound),
      ...noticeReads(given, filled),
      ...sourceReads(given, filled),
      ...importReads(given, filled),
    }),
  };
}
