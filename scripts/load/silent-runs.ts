import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { getCommand, insertCommand } from '../../src/db/item/commands.ts';
import { itemWorkflowId } from '../../src/domain/ids.ts';
import { inLanes } from '../bench/lanes.ts';
import { quantileOf } from '../bench/statistics.ts';
import type { Figure } from './figure.ts';
import type { LoadGround } from './ground.ts';

const LANES = 8;
/** More requests at once than one workspace may have waiting. */
const MANY_LANES = 64;
/** Of a version that no worker has any more. */
const NOBODY = 'load-nobody';
const SETTLED_WITHIN_MS = 5_000;
const PENDING_AT_ONCE_MS = 1_000;
/** After which a command counts as never settled. */
const GIVE_UP_MS = 60_000;
const HOUR_MS = 3_600_000;

/** How long a pending command of a run that answers waits beside many runs that do not. */
export async function measureSilentRuns(
  ground: LoadGround,
  { silent, healthy }: { silent: number; healthy: number },
): Promise<Figure[]> {
  const answering: string[] = [];
  const silenced: string[] = [];
  await inLanes(LANES, healthy, async (index) => {
    answering.push(await ground.startItem(`A run that answers ${index}`));
  });
  await inLanes(LANES, silent, async (index) => {
    const itemId = await ground.startItem(`A run that does not answer ${index}`);
    await silence(ground, itemId);
    silenced.push(itemId);
  });
  const hold = (itemId: string) =>
    ground.ask('strategist', `/v1/items/${itemId}/hold`, { reason: 'a pause' });
  await inLanes(MANY_LANES, silent, async (index) => {
    const { status, body } = await hold(silenced[index] ?? '');
    if (status !== 202) throw new Error(`a silent run: ${status} ${JSON.stringify(body)}`);
  });
  const waits: number[] = [];
  for (const itemId of answering) waits.push(await settledAfter(ground, itemId));
  const again: number[] = [];
  for (const itemId of silenced.slice(0, healthy)) {
    // The first one may be worth asking the run again.
    await hold(itemId);
    again.push((await hold(itemId)).tookMs);
  }
  const beside = `beside ${silent} runs that do not answer`;
  return [
    {
      what: `a pending command is settled, p50 of ${waits.length}, ${beside}`,
      value: quantileOf(waits, 0.5),
      limit: SETTLED_WITHIN_MS,
      unit: 'ms',
    },
    {
      what: `a pending command is settled, the slowest of ${waits.length}, ${beside}`,
      value: Math.max(...waits),
      limit: SETTLED_WITHIN_MS,
      unit: 'ms',
    },
    {
      what: 'one more command of a silent run is answered 202, the slowest',
      value: Math.max(...again),
      limit: PENDING_AT_ONCE_MS,
      unit: 'ms',
    },
  ];
}

/** The same run, of a version that nobody works for. */
async function silence({ temporal }: LoadGround, itemId: string): Promise<void> {
  const workflowId = itemWorkflowId(itemId);
  await temporal.workflow.getHandle(workflowId).terminate('measured');
  await temporal.workflow.start('contentItem', { workflowId, taskQueue: NOBODY, args: [] });
}

/** A command as an API process leaves it that dies after it stored it. */
async function settledAfter(
  { database: { db }, cast }: LoadGround,
  itemId: string,
): Promise<number> {
  const { workspaceId, members } = cast;
  const { memberId } = members.strategist;
  const id = `http:load:${randomUUID()}`;
  const actor = { memberId, roles: ['strategist'], platformTags: {}, backupFor: [] };
  const message = { id, type: 'hold', actor, refs: { reason: 'a pause' }, facts: {} };
  const began = performance.now();
  await insertCommand(db, {
    id,
    workspaceId,
    itemId,
    actorId: memberId,
    source: 'http',
    type: 'hold',
    payload: { kind: 'command', message },
    bodyHash: id,
    expiresAt: new Date(Date.now() + HOUR_MS).toISOString(),
  });
  for (;;) {
    const row = await getCommand(db, { workspaceId, id });
    const tookMs = performance.now() - began;
    if (row?.state === 'applied' || tookMs > GIVE_UP_MS) return tookMs;
    await delay(20);
  }
}
