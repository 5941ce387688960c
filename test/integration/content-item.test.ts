import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandAnswer, CommandOutcome } from '../../src/api/commands/command-outcome.ts';
import { readArchivedHistories } from '../../src/db/archived-histories.ts';
import { readChain } from '../../src/db/item-events.ts';
import { getKpiReview } from '../../src/db/kpi-reviews.ts';
import { verifyChain } from '../../src/domain/item-event.ts';
import type { Role } from '../../src/domain/roles.ts';
import { makeBrief, makeDraft, tickedChecklist } from '../support/content.ts';
import { eventually } from '../support/eventually.ts';
import { type ItemEngine, openItemEngine } from '../support/item-engine.ts';

let engine: ItemEngine;
beforeAll(async () => {
  engine = await openItemEngine();
}, 120_000);
afterAll(() => engine?.close());

function applied(outcome: CommandOutcome): CommandAnswer {
  if (outcome.outcome !== 'applied') throw new Error(JSON.stringify(outcome));
  return outcome.answer;
}

async function toScheduled(itemId: string, inMs: number): Promise<void> {
  const go = async (role: Role, type: Parameters<ItemEngine['send']>[2], body: object) =>
    applied(await engine.send(role, itemId, type, body));
  await go('strategist', 'save_brief', { brief: makeBrief() });
  await go('strategist', 'offer_handoff', { checklist: tickedChecklist('brief') });
  await go('creator', 'accept_handoff', {});
  await go('creator', 'save_draft', { draft: makeDraft() });
  const { contentHash } = await go('creator', 'submit_for_review', {
    checklist: tickedChecklist('review'),
  });
  await go('editor', 'decide_approval', { role: 'editor', contentHash, decision: 'approve' });
  await go('social_media_manager', 'accept_handoff', {});
  await go('social_media_manager', 'plan_schedule', {
    publications: [
      { channelAccountId: engine.channelAccountId, at: new Date(Date.now() + inMs).toISOString() },
    ],
  });
}

describe('an item', () => {
  it('goes from brief to signed-off verdict, with one chain and one post', async () => {
    const itemId = await engine.start();
    await toScheduled(itemId, 3_600_000);
    await engine.travel(itemId, { to: 'next_deadline' });
    await eventually(async () => (await engine.item(itemId)).stage === 'measuring', {
      what: 'measuring',
    });
    expect(engine.sandbox.ledger()).toHaveLength(1);
    await engine.travel(itemId, { byMs: 29 * 86_400_000 });
    await eventually(async () => (await engine.item(itemId)).stage === 'kpi_review', {
      what: 'kpi_review',
    });
    const { workspaceId } = engine.workspace;
    const review = await eventually(() => getKpiReview(engine.deps.db, { workspaceId, itemId }));
    await eventually(
      async () => (await engine.item(itemId)).snapshot?.context.reviews[0]?.hash === review.hash,
    );
    for (const [role, decision] of [
      ['strategist', 'scale'],
      ['creator', 'agree'],
      ['social_media_manager', 'agree'],
    ] as const) {
      applied(await engine.send(role, itemId, 'sign_off', { role, decision }));
    }
    const row = await eventually(async () => {
      const item = await engine.item(itemId);
      return item.stage === 'closed' ? item : null;
    });
    const chain = await eventually(async () => {
      const events = await readChain(engine.deps.db, { workspaceId, itemId });
      return events.length === row.seq ? events : null;
    });
    expect(verifyChain(chain)).toBeNull();
    const archived = await eventually(async () => {
      const histories = await readArchivedHistories(engine.deps.db, { workspaceId, itemId });
      return histories.length > 0 ? histories : null;
    });
  });
});
