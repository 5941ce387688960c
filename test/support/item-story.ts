import type { Brief } from '../../src/domain/item/content/brief.ts';
import type { Draft } from '../../src/domain/item/content/draft.ts';
import type { ItemContext } from '../../src/domain/item/context.ts';
import { makeBrief, makeDraft, tickedChecklist } from './content.ts';
import { eventually } from './eventually.ts';
import type { ItemEngine } from './item-engine.ts';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
/** No machine is so busy that a command takes longer. */
const MOST_LATE_MS = 60_000;

/** Steps of an item's way, each from the start. They send commands as people would. */
export interface Way {
  brief?: Partial<Brief>;
  draft?: Partial<Draft>;
  /** How far ahead of the item's clock its slot is. */
  slotInMs?: number;
  /** Channel accounts to publish to; the workspace's own when absent. */
  accounts?: string[];
}

/** The brief is saved and its handoff offered. */
export async function toOffered(engine: ItemEngine, itemId: string, way: Way = {}): Promise<void> {
  await engine.apply('strategist', itemId, 'save_brief', { brief: makeBrief(way.brief) });
  await engine.apply('strategist', itemId, 'offer_handoff', {
    checklist: tickedChecklist('brief'),
  });
}

export async function toCreation(engine: ItemEngine, itemId: string, way: Way = {}): Promise<void> {
  await toOffered(engine, itemId, way);
  await acceptHandoff(engine, itemId, 'creator');
}

/** Accepts the offer that stands. */
export async function acceptHandoff(
  engine: ItemEngine,
  itemId: string,
  role: 'creator' | 'social_media_manager',
): Promise<void> {
  const handoffId = (await engine.context(itemId)).handoffs.at(-1)?.id;
  await engine.apply(role, itemId, 'accept_handoff', { handoffId });
}

/** Writes and submits. @returns the content hash that waits for its approval. */
export async function submit(engine: ItemEngine, itemId: string, way: Way = {}): Promise<string> {
  await engine.apply('creator', itemId, 'save_draft', { draft: makeDraft(way.draft) });
  const checklist = tickedChecklist('review');
  const { contentHash } = await engine.apply('creator', itemId, 'submit_for_review', { checklist });
  return contentHash ?? '';
}

export async function toReview(engine: ItemEngine, itemId: string, way: Way = {}): Promise<string> {
  await toCreation(engine, itemId, way);
  return submit(engine, itemId, way);
}

export async function approve(
  engine: ItemEngine,
  itemId: string,
  contentHash: string,
): Promise<void> {
  await engine.apply('editor', itemId, 'decide_approval', {
    role: 'editor',
    contentHash,
    decision: 'approve',
  });
}

/** From an approved review to a planned slot. @returns the instant of the slot. */
export async function plan(engine: ItemEngine, itemId: string, way: Way = {}): Promise<string> {
  const { clockOffsetMs, substage } = await engine.item(itemId);
  if (substage === 'offered') await acceptHandoff(engine, itemId, 'social_media_manager');
  const inMs = clockOffsetMs + (way.slotInMs ?? HOUR_MS);
  return applyAhead(engine, inMs, (at) => [
    'social_media_manager',
    itemId,
    'plan_schedule',
    {
      publications: (way.accounts ?? [engine.channelAccountId]).map((channelAccountId) => ({
        channelAccountId,
        at,
      })),
    },
  ]);
}

/**
 * Applies a command with a slot so far ahead. On a machine so busy that it passes before the command is
 * judged, the next one lies further ahead.
 * @returns the instant of the slot.
 */
export async function applyAhead(
  engine: ItemEngine,
  inMs: number,
  commandAt: (at: string) => Parameters<ItemEngine['verdict']>,
): Promise<string> {
  for (let late = 0; ; late += 1_000 + late) {
    const at = new Date(Date.now() + inMs + late).toISOString();
    const outcome = await engine.verdict(...commandAt(at));
    if (outcome.outcome === 'applied') return at;
    const isPassed =
      outcome.outcome === 'refused' && outcome.unmet.every(({ code }) => code === 'slot_in_future');
    if (!isPassed || late > MOST_LATE_MS) throw new Error(`at ${at}: ${JSON.stringify(outcome)}`);
  }
}

export async function toScheduled(
  engine: ItemEngine,
  itemId: string,
  way: Way = {},
): Promise<string> {
  await approve(engine, itemId, await toReview(engine, itemId, way));
  return plan(engine, itemId, way);
}

/** The post is out and its outcome known. */
export async function toMeasuring(
  engine: ItemEngine,
  itemId: string,
  way: Way = {},
): Promise<ItemContext> {
  await toScheduled(engine, itemId, way);
  await engine.travel(itemId, { to: 'next_deadline' });
  return engine.until(itemId, 'measuring', ({ stage }) => stage === 'measuring');
}

/** Every checkpoint is settled and the review's readings are frozen. @returns the review's hash. */
export async function toKpiReview(
  engine: ItemEngine,
  itemId: string,
  way: Way = {},
): Promise<string> {
  await toMeasuring(engine, itemId, way);
  await engine.travel(itemId, { byMs: 29 * DAY_MS });
  return frozenReview(engine, itemId);
}

/** Waits until the readings of the latest review are frozen. */
export async function frozenReview(engine: ItemEngine, itemId: string): Promise<string> {
  return eventually(
    async () => {
      const { stage, reviews } = await engine.context(itemId);
      return stage === 'kpi_review' ? (reviews.at(-1)?.hash ?? null) : null;
    },
    { what: `${itemId}: a frozen review` },
  );
}

/** All three sign. */
export async function signOff(
  engine: ItemEngine,
  itemId: string,
  decision: 'scale' | 'iterate' | 'retire' | 'recycle' = 'scale',
): Promise<void> {
  const seen = { reviewHash: await frozenReview(engine, itemId) };
  const decided = { ...seen, role: 'strategist', decision, comment: 'whatever is recommended' };
  await engine.apply('strategist', itemId, 'sign_off', decided);
  for (const role of ['creator', 'social_media_manager'] as const) {
    await engine.apply(role, itemId, 'sign_off', { ...seen, role, decision: 'agree' });
  }
}
