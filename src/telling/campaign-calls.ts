import { setTimeout as delay } from 'node:timers/promises';
import { callCampaignsOf, listUnattendedCampaigns } from '../db/campaign/runs.ts';
import type { Db } from '../db/client.ts';
import { describeDatabaseError } from '../db/errors.ts';
import type { OutboxRow } from '../db/outbound/outbox.ts';
import type { CampaignKey } from '../domain/campaign/campaign-run.ts';
import type { OutboxConsumer } from './dispatcher.ts';

/** Stages whose entry may open a gate, or a review. */
const NEWS: readonly unknown[] = ['scheduling', 'kpi_review', 'closed', 'cancelled'];

/** A call that was lost delays a campaign by no more than that. */
const SWEEP_MS = 5_000;
/** How late a look may be before its run is called. */
const GRACE_MS = 5_000;
const AT_ONCE = 200;

type Call = (campaign: CampaignKey) => Promise<void>;

/** Calls the runs of campaigns that changed, or whose items came to where it matters. */
export function campaignCalls(db: Db, call: Call): OutboxConsumer {
  return {
    name: 'campaigns',
    // What is to be done is in the tables already.
    async take() {},
    async afterCommit(events) {
      const workspaceId = events[0]?.workspaceId ?? '';
      const changed = new Set(events.flatMap(changedCampaign));
      const itemIds = events.flatMap((event) => (isNews(event) ? (event.itemId ?? []) : []));
      const called =
        itemIds.length === 0 ? [] : await callCampaignsOf(db, { workspaceId, itemIds });
      for (const { campaignId } of called) changed.add(campaignId);
      await Promise.all([...changed].map((campaignId) => call({ workspaceId, campaignId })));
    },
  };
}

function isNews({ type, payload }: OutboxRow): boolean {
  if (type === 'item.campaign_changed') return true;
  return type === 'item.stage_changed' && NEWS.includes(dataOf(payload)['to']);
}

/** The campaign that an act changed. */
function changedCampaign({ type, payload }: OutboxRow): string[] {
  const { act, target } = dataOf(payload);
  const isChange = type === 'administration.recorded' && /^campaign\./.test(String(act));
  return isChange && typeof target === 'string' ? [target] : [];
}

function dataOf(payload: Record<string, unknown>): Record<string, unknown> {
  const { data } = payload;
  return typeof data === 'object' && data !== null ? { ...data } : {};
}

/** Calls runs that should have looked: of what was asked without a call, and those that are lost. */
export function startCampaignSweep(
  deps: { db: Db; call: Call; log: { warn(fields: { reason: string }, message: string): void } },
  { sweepMs = SWEEP_MS }: { sweepMs?: number } = {},
): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  const finished = (async () => {
    while (!signal.aborted) {
      await sweep(deps).catch((error) => {
        deps.log.warn({ reason: describeDatabaseError(error) }, 'campaigns could not be called');
      });
      await delay(sweepMs, null, { signal }).catch(() => {});
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await finished;
    },
  };
}

async function sweep({ db, call }: { db: Db; call: Call }): Promise<void> {
  const unattended = await listUnattendedCampaigns(db, { graceMs: GRACE_MS, limit: AT_ONCE });
  await Promise.all(unattended.map(call));
}
