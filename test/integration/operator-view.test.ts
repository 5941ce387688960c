import type { WorkflowExecutionDescription, WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { itemWorkflowId } from '../../src/domain/ids.ts';
import { eventually } from '../support/eventually.ts';
import { type ItemEngine, newSecretKey, openItemEngine } from '../support/item-engine.ts';
import {
  acceptHandoff,
  approve,
  plan,
  signOff,
  toKpiReview,
  toReview,
} from '../support/item-story.ts';

let engine: ItemEngine;
beforeAll(async () => {
  engine = await openItemEngine({ payloadKey: newSecretKey() });
});
afterAll(() => engine?.close());

const handleOf = (itemId: string) =>
  engine.deps.temporal.workflow.getHandle(itemWorkflowId(itemId));

/** What the engine's UI lists of a run. */
function shownBy({ typedSearchAttributes }: WorkflowExecutionDescription) {
  const pairs = typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]);
  return Object.fromEntries(pairs.filter(([name]) => String(name).startsWith('Baton')));
}

async function shown(itemId: string) {
  return shownBy(await handleOf(itemId).describe());
}

/** What the UI shows as the current details of a run. */
async function details(itemId: string): Promise<string> {
  const metadata = await handleOf(itemId).query<{ currentDetails?: string }>(
    '__temporal_workflow_metadata',
  );
  return metadata.currentDetails ?? '';
}

type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;
type HistoryEvent = NonNullable<History['events']>[number];

/** Something that a run asks of the engine, and that its page lists. */
function isNamed(event: HistoryEvent): boolean {
  const asked =
    event.activityTaskScheduledEventAttributes ??
    event.timerStartedEventAttributes ??
    event.startChildWorkflowExecutionInitiatedEventAttributes;
  return asked !== null && asked !== undefined;
}

async function eventTypes(itemId: string): Promise<string[]> {
  const history = await handleOf(itemId).fetchHistory();
  const { events } = JSON.parse(historyToJSON(history));
  return events.map(({ eventType }: { eventType: string }) => eventType);
}

describe("the engine's own UI", () => {
  it('shows where an item is, whom it waits for and until when', async () => {
    const itemId = await engine.start();
    const { dueAt } = await engine.item(itemId);
    expect(await shown(itemId)).toEqual({
      BatonWorkspace: engine.workspace.workspaceId,
      BatonStage: 'briefing',
      BatonWaitingRole: ['strategist'],
      BatonDueAt: new Date(dueAt ?? ''),
    });
    await toReview(engine, itemId);
    const row = await engine.item(itemId);
    expect(await shown(itemId)).toEqual({
      BatonWorkspace: engine.workspace.workspaceId,
      BatonStage: 'review',
      BatonWaitingRole: ['editor'],
      BatonDueAt: new Date(row.dueAt ?? ''),
    });
    const text = await details(itemId);
    expect(text).toContain(`Review since ${row.stageEnteredAt}`);
    expect(text).toContain(
      `Waits for Editor (decide_approval) since ${row.stageEnteredAt}, due ${row.dueAt}`,
    );
    const description = await handleOf(itemId).describe();
    expect(await description.staticSummary()).toBe(
      `Content item ${itemId} of workspace ${engine.workspace.workspaceId}`,
    );
  });

  it('shows a handoff since it was offered, and nobody once the item waits for its slot', async () => {
    const itemId = await engine.start();
    await approve(engine, itemId, await toReview(engine, itemId));
    const offered = (await engine.context(itemId)).handoffs.at(-1);
    expect(await details(itemId)).toContain(
      `Waits for Social media manager (accept_handoff) since ${offered?.offeredAt}`,
    );
    await acceptHandoff(engine, itemId, 'social_media_manager');
    const at = await plan(engine, itemId);
    expect(await shown(itemId)).toEqual({
      BatonWorkspace: engine.workspace.workspaceId,
      BatonStage: 'scheduled',
    });
    const text = await details(itemId);
    expect(text).not.toContain('Waits for');
    expect(text).toContain(`Next by itself: publication due at ${new Date(at).toISOString()}`);
  });

  it('finds runs by what it shows, and a closed one no more among those that wait', async () => {
    const itemId = await engine.start();
    await toKpiReview(engine, itemId);
    const count = async (query: string) =>
      (await engine.deps.temporal.workflow.count(`${query} AND WorkflowId = "item:${itemId}"`))
        .count;
    await eventually(
      async () =>
        (await count('BatonStage = "kpi_review" AND BatonWaitingRole = "strategist"')) === 1 ||
        null,
      { what: 'the run among those of its stage' },
    );
    await signOff(engine, itemId);
    await handleOf(itemId).result();
    expect(await shown(itemId)).toEqual({
      BatonWorkspace: engine.workspace.workspaceId,
      BatonStage: 'closed',
    });
    const types = await eventTypes(itemId);
    // One event for each change, however many attributes it changes; two changes may come in one task.
    const shows = types.filter((type) => type.endsWith('SEARCH_ATTRIBUTES')).length;
    expect(shows).toBeLessThanOrEqual(14);
    expect(shows).toBeGreaterThan(5);
  });

  it('says of every activity, timer and child what it is for, and none of it in the clear', async () => {
    const itemId = await engine.start({ title: 'A title that nobody may read' });
    await toKpiReview(engine, itemId);
    await signOff(engine, itemId);
    await handleOf(itemId).result();
    const history = await handleOf(itemId).fetchHistory();
    const json = historyToJSON(history);
    const unnamed = (history.events ?? []).filter(
      (event) => isNamed(event) && event.userMetadata?.summary == null,
    );
    expect(unnamed).toEqual([]);
    expect(json).not.toContain(Buffer.from('"send pub_').toString('base64').slice(0, 8));
    const codec = engine.deps.temporal.options.loadedDataConverter.payloadCodecs[0];
    const summaries = await Promise.all(
      (history.events ?? []).flatMap(({ userMetadata }) =>
        userMetadata?.summary == null ? [] : [codec?.decode([userMetadata.summary])],
      ),
    );
    const texts = summaries.map((payloads) => Buffer.from(payloads?.[0]?.data ?? []).toString());
    expect(texts).toContainEqual(expect.stringMatching(/^"send pub_\w+ to sandbox"$/));
    expect(texts).toContainEqual('"carry events to the tables"');
    expect(texts).toContainEqual('"clock_step"');
  });
});

describe('a run that continues as new', () => {
  let short: ItemEngine;
  beforeAll(async () => {
    short = await openItemEngine({ continueAbove: 10 });
  });
  afterAll(() => short?.close());

  it('shows the same as before', async () => {
    const itemId = await short.start();
    await toReview(short, itemId);
    const handle = short.deps.temporal.workflow.getHandle(itemWorkflowId(itemId));
    const { raw, runId } = await handle.describe();
    expect(raw.workflowExecutionInfo?.firstRunId).not.toBe(runId);
    const description = await eventually(
      async () => {
        const now = await handle.describe();
        return shownBy(now)['BatonStage'] === 'review' ? now : null;
      },
      { what: 'the stage in the continued run' },
    );
    expect(shownBy(description)).toMatchObject({ BatonWaitingRole: ['editor'] });
    const metadata = await handle.query<{ currentDetails?: string }>(
      '__temporal_workflow_metadata',
    );
    expect(metadata.currentDetails).toContain(`Content item ${itemId} of workspace`);
  });
});
