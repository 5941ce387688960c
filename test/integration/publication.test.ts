import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FaultMode } from '../../src/channels/sandbox/protocol.ts';
import { getIntent, listIntents } from '../../src/db/publishing/publish-intents.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { insertPlaybook } from '../../src/db/workspace/playbooks.ts';
import {
  intentKeyOf,
  type PublicationOrder,
  type PublicationOutcome,
} from '../../src/domain/channel/publication-intent.ts';
import type { PublicationRecord } from '../../src/domain/item/context.ts';
import { STANDARD_PLAYBOOK } from '../../src/domain/playbook/standard.ts';
import { makeDraft } from '../support/content.ts';
import { eventually, untilTime } from '../support/eventually.ts';
import { withIdempotency } from '../support/fake-network.ts';
import { type ItemEngine, openItemEngine } from '../support/item-engine.ts';
import {
  applyAhead,
  approve,
  DAY_MS,
  HOUR_MS,
  plan,
  submit,
  toMeasuring,
  toScheduled,
} from '../support/item-story.ts';
import { orderOf } from '../support/publication-order.ts';

/** A playbook whose slots are missed after this: a test can outlive one, and a network's silence does. */
const HASTY_GRACE_MS = 6_000;
/** A slot before which a worker has time to end. */
const LATER_MS = 5_000;
/** A slot so near that it comes by itself. */
const SOON_MS = 1_500;

const LONE_SENDS = join(import.meta.dirname, '..', 'support', 'lone-send-workflows.ts');

let engine: ItemEngine;
/** Its network neither keeps keys nor can be searched well enough to send again. */
let keyless: ItemEngine;
beforeAll(async () => {
  engine = await openItemEngine({ workflowsPath: LONE_SENDS });
  keyless = await openItemEngine({
    channels: (real) => withIdempotency(real, 'none'),
    sendTiming: { quietMs: 500 },
  });
  const { workspaceId } = engine.workspace;
  const slotGraceMinutes = HASTY_GRACE_MS / 60_000;
  const playbook = { ...STANDARD_PLAYBOOK, name: 'hasty', slotGraceMinutes };
  await insertPlaybook(engine.deps.db, { workspaceId, playbook });
});
afterAll(async () => {
  await engine?.close();
  await keyless?.close();
});

function publicationOf(itemId: string): Promise<PublicationRecord> {
  return latestOf(engine, itemId);
}

async function latestOf({ context }: ItemEngine, itemId: string): Promise<PublicationRecord> {
  const { publications } = await context(itemId);
  const latest = publications.at(-1);
  if (latest === undefined) throw new Error(`${itemId} has no publication`);
  return latest;
}

async function intentOf(itemId: string, slotNumber = 1) {
  const { workspaceId } = engine.workspace;
  const { channelAccountId } = engine;
  const identity = { workspaceId, itemId, channelAccountId, slotNumber };
  return getIntent(engine.deps.db, { workspaceId, intentKey: intentKeyOf(identity) });
}

/** Runs a send by itself, as an item's run would. */
function runOrder(order: PublicationOrder, workflowId: string): Promise<PublicationOutcome> {
  const { temporal, taskQueue } = engine.deps;
  return temporal.workflow.execute('loneSend', { workflowId, taskQueue, args: [order] });
}

describe('a slot that comes', () => {
  it('is sent once, with the approved text', async () => {
    const itemId = await engine.start();
    const text = 'Exactly these words, and no others.';
    await toMeasuring(engine, itemId, {
      draft: { variants: [{ channel: 'sandbox', text }] },
    });
    expect(engine.posts(itemId)).toMatchObject([{ text }]);
    expect(await publicationOf(itemId)).toMatchObject({ state: 'published', slotNumber: 1 });
    expect(await intentOf(itemId)).toMatchObject({ state: 'published', attempt: 1 });
  });

  it('is not sent when the text was edited after it was planned', async () => {
    const itemId = await engine.start();
    await toScheduled(engine, itemId, { slotInMs: HOUR_MS });
    await engine.apply('creator', itemId, 'save_draft', {
      draft: makeDraft({ body: 'Something else entirely.' }),
    });
    const edited = await engine.context(itemId);
    expect(edited).toMatchObject({ stage: 'creation', approvals: [{ state: 'voided' }] });
    await engine.travel(itemId, { byMs: HOUR_MS + 5 * 60_000 });
    expect(await publicationOf(itemId)).toMatchObject({ state: 'planned' });
    await engine.travel(itemId, { byMs: HOUR_MS });
    expect(await publicationOf(itemId)).toMatchObject({ state: 'missed' });
    expect(engine.posts(itemId)).toEqual([]);
  });

  it('is not sent when the stored text is not the approved one, and can be sent once it is again', async () => {
    const itemId = await engine.start();
    await toScheduled(engine, itemId);
    await inTransaction(engine.deps.db, async (tx) => {
      await tx.execute('set local session_replication_role = replica');
      await tx.execute(
        `update drafts set body = jsonb_set(body, '{variants,0,text}', '"Buy now!"')
         where item_id = '${itemId}'`,
      );
    });
    await engine.travel(itemId, { to: 'next_deadline' });
    const returned = await engine.until(itemId, 'creation', ({ stage }) => stage === 'creation');
    expect(returned).toMatchObject({
      approvals: [{ state: 'voided' }],
      publications: [{ state: 'planned', evidence: 'the stored content is not the approved one' }],
    });
    expect(engine.posts(itemId)).toEqual([]);
    const contentHash = await submit(engine, itemId, { draft: { body: 'Written again.' } });
    await approve(engine, itemId, contentHash);
    await plan(engine, itemId);
    await engine.travel(itemId, { to: 'next_deadline' });
    await engine.until(itemId, 'measuring', ({ stage }) => stage === 'measuring');
    expect(engine.posts(itemId)).toHaveLength(1);
    expect(await listIntents(engine.deps.db, { ...engine.workspace, itemId })).toHaveLength(1);
  });

  it('is missed on hold, never sent when the hold ends, and sent once when it is planned again', async () => {
    const itemId = await engine.start();
    await toScheduled(engine, itemId, { slotInMs: HOUR_MS });
    await engine.apply('social_media_manager', itemId, 'hold', { reason: 'bad news today' });
    await engine.travel(itemId, { byMs: DAY_MS });
    expect(await publicationOf(itemId)).toMatchObject({ state: 'missed' });
    const { stage } = await engine.apply('social_media_manager', itemId, 'resume', {
      reason: 'over',
    });
    expect(stage).toBe('publishing');
    expect(engine.posts(itemId)).toEqual([]);
    const { clockOffsetMs } = await engine.item(itemId);
    const { id } = await publicationOf(itemId);
    await engine.apply('social_media_manager', itemId, 'resolve_publication', {
      publicationId: id,
      outcome: 'reschedule',
      evidence: 'nothing is on the page',
      at: new Date(Date.now() + clockOffsetMs + HOUR_MS).toISOString(),
    });
    await engine.travel(itemId, { to: 'next_deadline' });
    await engine.until(itemId, 'measuring', (context) => context.stage === 'measuring');
    expect(await publicationOf(itemId)).toMatchObject({ id, state: 'published', slotNumber: 1 });
    expect(engine.posts(itemId)).toHaveLength(1);
  });

  it('is missed when no worker was there in time, and not sent when one is back', async () => {
    const itemId = await engine.start({ playbook: 'hasty' });
    const at = await toScheduled(engine, itemId, { slotInMs: LATER_MS });
    await engine.stopWorker();
    try {
      await untilTime(Date.parse(at) + HASTY_GRACE_MS + 100);
    } finally {
      await engine.startWorker();
    }
    await engine.until(itemId, 'a missed slot', ({ publications }) =>
      publications.some(({ state }) => state === 'missed'),
    );
    expect((await engine.item(itemId)).stage).toBe('publishing');
    expect(engine.posts(itemId)).toEqual([]);
    expect(await intentOf(itemId)).toBeNull();
  });
});

describe('a send', () => {
  it('is one post, though several of its runs live at once', async () => {
    const itemId = await engine.start();
    await toScheduled(engine, itemId, { slotInMs: DAY_MS });
    const order = await orderOf(engine, itemId);
    const outcomes = await Promise.all(
      ['a', 'b', 'c'].map((name) => runOrder(order, `publication:${itemId}:${name}`)),
    );
    for (const outcome of outcomes) expect(outcome).toMatchObject({ outcome: 'published' });
    expect(new Set(outcomes.map(({ remoteId }) => remoteId)).size).toBe(1);
    expect(engine.posts(itemId)).toHaveLength(1);
  });

  it('is not made once its time is over', async () => {
    const itemId = await engine.start();
    await toScheduled(engine, itemId, { slotInMs: DAY_MS });
    const sendUntil = new Date(Date.now() - 1_000).toISOString();
    const outcome = await runOrder(
      { ...(await orderOf(engine, itemId)), sendUntil },
      `late:${itemId}`,
    );
    expect(outcome).toMatchObject({ outcome: 'missed' });
    expect(engine.posts(itemId)).toEqual([]);
  });

  it('is given up as missed when the channel asks for a longer wait than its time allows', async () => {
    const itemId = await engine.start({ playbook: 'hasty' });
    await engine.sandbox.fault({ mode: 'rate_limited', marker: engine.marker(itemId) });
    await toScheduled(engine, itemId, { slotInMs: SOON_MS });
    await engine.until(itemId, 'a missed slot', ({ publications }) =>
      publications.some(({ state }) => state === 'missed'),
    );
    expect(engine.posts(itemId)).toEqual([]);
    expect(await intentOf(itemId)).toMatchObject({ state: 'planned', attempt: 1 });
  });

  it('is not made for a slot that was given up while its sender was away', async () => {
    const itemId = await engine.start();
    await toScheduled(engine, itemId, { slotInMs: DAY_MS });
    const order = await orderOf(engine, itemId);
    await engine.apply('social_media_manager', itemId, 'unschedule', { reason: 'not this week' });
    const outcome = await runOrder(order, `given-up:${itemId}`);
    expect(outcome).toMatchObject({ outcome: 'missed' });
    expect(engine.posts(itemId)).toEqual([]);
  });

  it('is not made for an item that was cancelled while its sender was away', async () => {
    const itemId = await engine.start();
    await toScheduled(engine, itemId, { slotInMs: DAY_MS });
    const order = await orderOf(engine, itemId);
    await engine.apply('strategist', itemId, 'cancel', { reason: 'the campaign is off' });
    const outcome = await runOrder(order, `cancelled:${itemId}`);
    expect(outcome).toMatchObject({ outcome: 'missed' });
    expect(engine.posts(itemId)).toEqual([]);
  });

  it('is not made for content whose approvals do not hold', async () => {
    const itemId = await engine.start();
    await toScheduled(engine, itemId, { slotInMs: DAY_MS });
    const order = await orderOf(engine, itemId);
    await engine.apply('creator', itemId, 'save_draft', { draft: makeDraft({ body: 'New.' }) });
    const outcome = await runOrder(order, `stale:${itemId}`);
    expect(outcome).toMatchObject({ outcome: 'hash_mismatch' });
    expect(engine.posts(itemId)).toEqual([]);
  });
});

describe.concurrent('a network that', () => {
  /** Plans a slot that comes by itself, with the network set to fail on it. */
  async function publishThrough(mode: FaultMode, times = 1): Promise<string> {
    const itemId = await engine.start();
    await engine.sandbox.fault({ mode, times, marker: engine.marker(itemId) });
    await toScheduled(engine, itemId, { slotInMs: SOON_MS });
    return itemId;
  }

  async function settled(itemId: string): Promise<PublicationRecord> {
    const { publications } = await engine.until(itemId, 'a settled publication', (context) =>
      context.publications.every(({ state }) => !['planned', 'due', 'sending'].includes(state)),
    );
    const [publication] = publications;
    if (publication === undefined) throw new Error(`${itemId} has no publication`);
    return publication;
  }

  /** An attempt whose time is over before its request is written counts too, and is made once more. */
  async function expectSentAgain(itemId: string): Promise<void> {
    const intent = await intentOf(itemId);
    expect(intent).toMatchObject({ state: 'published' });
    expect(intent?.attempt).toBeGreaterThanOrEqual(2);
    expect(engine.posts(itemId)).toMatchObject([{ idempotencyKey: intent?.intentKey }]);
  }

  const ACCEPTED: FaultMode[] = [
    'accept_then_hang',
    'accept_then_reset',
    'accept_then_500',
    'accept_then_garbage',
    'accept_then_slow_drip',
  ];
  for (const mode of ACCEPTED) {
    it(`takes the post and fails (${mode}) is asked, and not sent to again`, async () => {
      const itemId = await publishThrough(mode);
      const publication = await settled(itemId);
      expect(publication).toMatchObject({ state: 'published' });
      expect(publication.remoteId).toBeTruthy();
      expect(engine.posts(itemId)).toHaveLength(1);
      expect(await intentOf(itemId)).toMatchObject({ state: 'published' });
    });
  }

  it('has a post in its hands keeps the item from being held, cancelled, edited or planned anew', async () => {
    const itemId = await publishThrough('accept_then_hang');
    await eventually(() => engine.posts(itemId).length === 1, {
      what: 'a post that is being sent',
    });
    const at = new Date(Date.now() + HOUR_MS).toISOString();
    const { channelAccountId } = engine;
    const attempts = [
      ['strategist', 'hold', { reason: 'the news changed' }],
      ['strategist', 'cancel', { reason: 'out of date' }],
      ['creator', 'save_draft', { draft: makeDraft({ title: 'Another title' }) }],
      ['social_media_manager', 'plan_schedule', { publications: [{ channelAccountId, at }] }],
      ['social_media_manager', 'unschedule', { reason: 'later' }],
    ] as const;
    for (const [role, command, body] of attempts) {
      expect(await engine.verdict(role, itemId, command, body), command).toMatchObject({
        outcome: 'refused',
        unmet: expect.arrayContaining([expect.objectContaining({ code: 'nothing_sending' })]),
      });
    }
    expect(await settled(itemId)).toMatchObject({ state: 'published' });
  });

  for (const mode of ['hang', 'reset'] as const) {
    it(`fails without taking the post (${mode}) is asked, then sent to with the same key`, async () => {
      const itemId = await publishThrough(mode);
      expect(await settled(itemId)).toMatchObject({ state: 'published' });
      await expectSentAgain(itemId);
    });
  }

  for (const mode of ['reject', 'unauthorized'] as const) {
    it(`refuses the post for good (${mode}) sends the item back to planning`, async () => {
      const itemId = await publishThrough(mode);
      expect(await settled(itemId)).toMatchObject({ state: 'rejected' });
      expect(await engine.item(itemId)).toMatchObject({
        stage: 'scheduling',
        substage: 'planning',
      });
      expect(engine.posts(itemId)).toEqual([]);
      await plan(engine, itemId, { slotInMs: SOON_MS });
      await engine.until(itemId, 'measuring', ({ stage }) => stage === 'measuring');
      expect(engine.posts(itemId)).toHaveLength(1);
      expect(await publicationOf(itemId)).toMatchObject({ state: 'published', slotNumber: 2 });
    });
  }

  it('asks for patience is sent to after the wait it asked for', async () => {
    const itemId = await publishThrough('rate_limited');
    expect(await settled(itemId)).toMatchObject({ state: 'published' });
    await expectSentAgain(itemId);
  });
});

describe.concurrent('an outcome that nobody knows', () => {
  /** The network lost the connection, and nothing there protects from a second post. */
  async function unknown(): Promise<{ itemId: string; publicationId: string }> {
    const itemId = await keyless.start();
    await keyless.sandbox.fault({ mode: 'reset', marker: keyless.marker(itemId) });
    await toScheduled(keyless, itemId, { slotInMs: SOON_MS });
    const { publications } = await keyless.until(itemId, 'an unknown outcome', (context) =>
      context.publications.some(({ state }) => state === 'unknown'),
    );
    expect(await keyless.item(itemId)).toMatchObject({
      stage: 'publishing',
      waitingOn: [{ role: 'social_media_manager', for: 'resolve_publication' }],
    });
    return { itemId, publicationId: publications.at(-1)?.id ?? '' };
  }

  async function ledgerRow(itemId: string) {
    const rows = await listIntents(keyless.deps.db, { ...keyless.workspace, itemId });
    return rows[0];
  }

  it('is live when a person says so, and is measured', async () => {
    const { itemId, publicationId } = await unknown();
    const evidence = 'seen on the page';
    const { stage } = await keyless.apply('social_media_manager', itemId, 'resolve_publication', {
      publicationId,
      outcome: 'live',
      evidence,
      remoteId: 'post-7',
      permalink: 'https://example.org/7',
    });
    expect(stage).toBe('measuring');
    expect(await latestOf(keyless, itemId)).toMatchObject({ state: 'published', evidence });
    expect((await keyless.context(itemId)).checkpoints).toHaveLength(5);
    const again = await keyless.verdict('social_media_manager', itemId, 'resolve_publication', {
      publicationId,
      outcome: 'not_live',
      evidence,
    });
    expect(again).toMatchObject({ outcome: 'refused' });
    expect(await ledgerRow(itemId)).toMatchObject({
      state: 'published',
      resolution: 'live',
      remoteId: 'post-7',
      permalink: 'https://example.org/7',
      evidence: { by: keyless.workspace.memberOf('social_media_manager'), reason: evidence },
    });
  });

  it('is not for another role to resolve', async () => {
    const { itemId, publicationId } = await unknown();
    const refused = await keyless.verdict('creator', itemId, 'resolve_publication', {
      publicationId,
      outcome: 'live',
      evidence: 'seen',
    });
    expect(refused).toMatchObject({ outcome: 'refused' });
    expect(await ledgerRow(itemId)).toMatchObject({ state: 'unknown', resolution: null });
  });

  it('is not live when a person says so, and is never sent again by itself', async () => {
    const { itemId, publicationId } = await unknown();
    const { stage } = await keyless.apply('social_media_manager', itemId, 'resolve_publication', {
      publicationId,
      outcome: 'not_live',
      evidence: 'the page is empty',
    });
    expect(stage).toBe('scheduling');
    expect(keyless.posts(itemId)).toEqual([]);
    expect(await ledgerRow(itemId)).toMatchObject({ state: 'not_live', attempt: 1 });
  });

  it('is published again under a new slot when a person says so', async () => {
    const { itemId, publicationId } = await unknown();
    const refused = await keyless.verdict('social_media_manager', itemId, 'plan_schedule', {
      publications: [{ channelAccountId: keyless.channelAccountId, at: '2099-01-01T00:00:00Z' }],
    });
    expect(refused).toMatchObject({ outcome: 'refused' });
    const evidence = 'the page is empty';
    await applyAhead(keyless, SOON_MS, (at) => [
      'social_media_manager',
      itemId,
      'resolve_publication',
      { publicationId, outcome: 'publish_again', evidence, at },
    ]);
    await keyless.until(itemId, 'measuring', ({ stage }) => stage === 'measuring');
    expect((await keyless.context(itemId)).publications).toMatchObject([
      { id: publicationId, state: 'not_live', slotNumber: 1 },
      { state: 'published', slotNumber: 2 },
    ]);
    expect(keyless.posts(itemId)).toHaveLength(1);
  });
});
