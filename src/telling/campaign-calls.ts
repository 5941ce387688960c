import { setTimeout as delay } from 'node:timers/promises';
import {
  callCampaignsOf,
  listUnattendedCampaigns,
  type SweepPace,
  takeCalls,
} from '../db/campaign/runs.ts';
import type { Db } from '../db/client.ts';
import { describeDatabaseError } from '../db/errors.ts';
import type { OutboxRow } from '../db/outbound/outbox.ts';
import { inWorkspace } from '../db/workspace-scope.ts';
import { UNDER_WAY_STAGES } from '../domain/campaign/campaign.ts';
import type { CampaignKey } from '../domain/campaign/campaign-run.ts';
import type { OutboxConsumer } from './dispatcher.ts';

/** Stages whose entry may open a gate, or a review. */
const NEWS: readonly unknown[] = ['scheduling', 'kpi_review', 'closed', 'cancelled'];

/** A call that was lost delays a campaign by no more than that, and by its grace. */
const SWEEP_MS = 5_000;
const PACE: SweepPace = {
  graceMs: 5_000,
  // As long as the engine waits for one (LOOK in activity-options.ts).
  lookMs: 60_000,
  pauseMs: { least: 5_000, most: 60_000 },
};
const AT_ONCE = 200;

type Call = (campaign: CampaignKey) => Promise<void>;

/** Calls the runs of campaigns that changed, or whose items came to where it matters. */
export function campaignCalls(call: Call): OutboxConsumer {
  /** What is to be called once the events are taken; by the very list of them. */
  const noted = new WeakMap<readonly OutboxRow[], CampaignKey[]>();
  return {
    name: 'campaigns',
    // What is to be done is in the tables already: that somebody has to look is put beside it.
    async take(tx, events) {
      const workspaceId = events[0]?.workspaceId ?? '';
      const itemIds = events.flatMap((event) => (isNews(event) ? (event.itemId ?? []) : []));
      const campaignIds = events.flatMap(namedCampaigns);
      const isNothing = itemIds.length + campaignIds.length === 0;
      const called = isNothing
        ? []
        : await callCampaignsOf(tx, { workspaceId, itemIds, campaignIds });
      // Whoever changed the campaign itself has noted it.
      const changed = events
        .flatMap(changedCampaign)
        .map((id) => ({ workspaceId, campaignId: id }));
      noted.set(events, [...called, ...changed]);
    },
    async afterCommit(events) {
      const byId = new Map((noted.get(events) ?? []).map((key) => [key.campaignId, key]));
      await Promise.all([...byId.values()].map(call));
    },
  };
}

function isNews({ type, payload }: OutboxRow): boolean {
  const { from, to, campaignId } = dataOf(payload);
  switch (type) {
    case 'item.started':
      // It may be held at once, or not know that the gate is open.
      return typeof campaignId === 'string';
    case 'item.campaign_changed':
    // A run that took over from one that was lost knows nothing of what it was told.
    case 'run.replaced':
      return true;
    case 'item.stage_changed':
      // Also off a hold, which may have been that of another campaign.
      return NEWS.includes(to) || from === 'on_hold' || endsWay({ from, to });
    default:
      return false;
  }
}

/** Nothing of the item is under way any more: a review may have waited for that. */
function endsWay({ from, to }: { from?: unknown; to?: unknown }): boolean {
  const isUnderWay = (stage: unknown) => UNDER_WAY_STAGES.some((one) => one === stage);
  return isUnderWay(from) && !isUnderWay(to) && to !== 'on_hold';
}

/** The campaign that an item left: its row knows the new one only. */
function namedCampaigns({ type, payload }: OutboxRow): string[] {
  const { from } = dataOf(payload);
  return type === 'item.campaign_changed' && typeof from === 'string' ? [from] : [];
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
  const unattended = await listUnattendedCampaigns(db, { ...PACE, limit: AT_ONCE });
  const taken: CampaignKey[] = [];
  for (const [workspaceId, keys] of Map.groupBy(unattended, (key) => key.workspaceId)) {
    const campaignIds = keys.map(({ campaignId }) => campaignId);
    const request = { ...PACE, workspaceId, campaignIds };
    taken.push(...(await inWorkspace({ workspaceId }, () => takeCalls(db, request))));
  }
  // One that cannot be called keeps no other from being called.
  const outcomes = await Promise.allSettled(taken.map(call));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
