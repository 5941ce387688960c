import type { Db } from '../../src/db/client.ts';
import { campaignReads, type FilledCampaign, fillCampaign } from './campaign-queries.ts';
import { commandReads, type FilledCommands, fillCommands } from './command-queries.ts';
import { type FilledWorkspace, fillWorkspace } from './filled-workspace.ts';
import { fillImports, importReads } from './import-queries.ts';
import { type FilledNotice, fillNotices, noticeReads } from './notice-queries.ts';
import { type FilledOutbound, fillOutbound, outboundReads } from './outbound-queries.ts';
import { type FilledSending, fillSending, sendingReads } from './sending-queries.ts';
import { fillSources, sourceReads } from './source-queries.ts';

export interface WholeWorkspace extends FilledWorkspace {
  campaign: FilledCampaign;
  commands: FilledCommands;
  outbound: FilledOutbound;
  sending: FilledSending;
  notice: FilledNotice;
}

/**
 * The filled workspace with campaigns, commands, sends, sources, links, imports,
 * subscriptions and notices: rows for every read.
 */
export async function fillWholeWorkspace(db: Db): Promise<WholeWorkspace> {
  const filled = await fillWorkspace(db);
  const campaign = await fillCampaign(db, filled);
  const commands = await fillCommands(db, filled);
  const outbound = await fillOutbound(db, filled);
  const notice = await fillNotices(db, filled);
  const sending = await fillSending(db, filled);
  await fillSources(db, filled);
  await fillImports(db, filled);
  return {
    ...filled,
    campaign,
    commands,
    outbound,
    notice,
    sending,
    reads: (given) => ({
      ...filled.reads(given),
      ...campaignReads(given, campaign),
      ...commandReads(given, commands),
      ...outboundReads(given, outbound),
      ...noticeReads(given, filled),
      ...sendingReads(given, sending),
      ...sourceReads(given, filled),
      ...importReads(given, filled),
    }),
  };
}
