import { type ItemEvent, verifyChain } from '../../../src/domain/item/event.ts';
import { makeOfferedItems } from '../items.ts';
import type { Line, Outcome } from '../line.ts';
import { ownState, type StackOwner } from '../local-stack/stack-owner.ts';
import { createPeople, type People } from '../people.ts';
import { replacing } from '../replacements.ts';
import { inLanes } from '../time.ts';

/** Further starts for each kill. */
const STARTS_PER_KILL = 2.5;
const LANES = 3;
/** Items that are made before each kill, and how many are under way when it comes. */
const ITEMS = 4;
const UNDER_WAY = 6;
const GIVE_UP_MS = 500;

export const R14: Line = {
  id: 'R14',
  title: 'kills (kill -9) of the local stack’s supervisor, and further starts on its state',
  target: 'every further start refused with the owner’s pid, no orphan process, 0 rows lost',
  protection: 'the lock of the state directory, and what ends a process with its supervisor',
  full: 20,
  small: 1,
  async run(_stack, { n, control, progress }) {
    const owner = ownState(
      Object.fromEntries(
        Object.entries(control ? replacing(['anyLock', 'looseSpawn']) : {}).map(([name, value]) => [
          name,
          value ?? '',
        ]),
      ),
    );
    try {
      await owner.start();
      const starts = Math.round(n * STARTS_PER_KILL);
      const doubles = await startOthers(owner, starts);
      progress(`${starts} further starts were tried`);
      const orphans: string[] = [];
      const kept: string[] = [];
      const recoveryMs: number[] = [];
      for (let kill = 1; kill <= n; kill += 1) {
        const people = createPeople(owner.credentials(), [owner.credentials().url]);
        kept.push(...(await makeOfferedItems(people, ITEMS)));
        const busy = begin(owner);
        const left = await owner.killSupervisor();
        await busy;
        orphans.push(...left.map((pid) => `process ${pid} outlived its supervisor`));
        const begun = performance.now();
        await owner.start();
        recoveryMs.push(performance.now() - begun);
        progress(`kill ${kill}`);
      }
      const lost = await lostOf(owner, kept);
      return judge({ n, starts, doubles, orphans, lost, kept, recoveryMs, control });
    } finally {
      await owner.close();
    }
  },
};

async function startOthers(owner: StackOwner, count: number): Promise<string[]> {
  const faults: string[] = [];
  await inLanes(LANES, count, async () => {
    const fault = await owner.startAnother();
    if (fault !== null) faults.push(fault);
  });
  return faults;
}

/** Requests that are under way while the supervisor dies; nobody counts on them. */
async function begin(owner: StackOwner): Promise<void> {
  const { url } = owner.credentials();
  const people = createPeople(owner.credentials(), [url], { giveUpMs: GIVE_UP_MS });
  await makeOfferedItems(people, UNDER_WAY).catch(() => {});
}

/** Items whose offer was answered, and that are not there as they were. */
async function lostOf(owner: StackOwner, itemIds: readonly string[]): Promise<string[]> {
  const people = createPeople(owner.credentials(), [owner.credentials().url]);
  const lost: string[] = [];
  for (const itemId of itemIds) {
    const fault = await faultOf(people, itemId).catch((error: unknown) => String(error));
    if (fault !== null) lost.push(`${itemId}: ${fault}`);
  }
  return lost;
}

async function faultOf(people: People, itemId: string): Promise<string | null> {
  const path = `/v1/items/${itemId}`;
  const { seq, handoffs } = await people.ask<{ seq: number; handoffs: { state: string }[] }>(
    'strategist',
    'GET',
    path,
  );
  if (handoffs.length !== 1) return `it has ${handoffs.length} handoffs`;
  const { items } = await people.ask<{ items: (ItemEvent & { kind: string })[] }>(
    'strategist',
    'GET',
    `${path}/timeline?limit=200`,
  );
  const chain = items.filter(({ kind }) => kind === 'event');
  if (chain.length !== seq) return `its row is at ${seq}, its chain has ${chain.length}`;
  const fault = verifyChain(chain);
  return fault === null ? null : `${fault.code} at ${fault.seq}`;
}

interface Seen {
  n: number;
  starts: number;
  doubles: string[];
  orphans: string[];
  lost: string[];
  kept: string[];
  recoveryMs: number[];
  control: boolean;
}

/** A control has to fail in both parts. */
function judge(seen: Seen): Outcome {
  const { n, starts, doubles, orphans, lost, kept, recoveryMs, control } = seen;
  const violations = [...doubles, ...orphans, ...lost];
  const isProven = doubles.length > 0 && orphans.length > 0;
  return {
    operations: n + starts,
    faults: { 'kill of the supervisor': n, 'further start': starts },
    lost: lost.length,
    duplicated: doubles.length,
    unresolved: orphans.length,
    recoveryMs,
    violations: control && !isProven ? [] : violations,
    evidence: [
      `${doubles.length} of ${starts} further starts not refused by the owner's pid`,
      `${orphans.length} processes outlived their supervisor`,
      `${kept.length} items were acknowledged before a kill`,
    ],
  };
}
