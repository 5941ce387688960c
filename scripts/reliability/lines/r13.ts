import { newId } from '../../../src/db/ids.ts';
import { insertItem } from '../../../src/db/item/items.ts';
import type { Finding } from '../../../src/domain/audit/finding.ts';
import { STANDARD_PLAYBOOK } from '../../../src/domain/playbook/standard.ts';
import { longRunOf } from '../chains/long-run.ts';
import { type Tamper, tamper } from '../chains/tampers.ts';
import type { Line } from '../line.ts';
import { createOutages } from '../outages/outages.ts';
import { seededRandom } from '../random.ts';
import { createKiller } from '../release/program-killer.ts';
import { openSite, type Site } from '../site.ts';
import { inLanes, within } from '../time.ts';

const WRITERS = 8;
/** Each run is recorded by two of them. */
const WRITERS_OF_A_RUN = 2;
const EVENTS_OF_A_RUN = 50;
const TAMPERS = 100;
/** Most runs stay as they are: the check must not cry wolf. */
const SHARE_OF_TAMPERED = 0.6;
const KILL_EVERY_MS = 1_500;
const OUTAGE_EVERY_MS = 20_000;
/** Ends only a line that fails: a busy machine takes its time. */
const WRITE_MS = 1_800_000;
const FIND_MS = 120_000;
/** Nothing will be found: no use in waiting longer. */
const CONTROL_FIND_MS = 20_000;
const LANES = 6;

/** The audit looks for two things in chains. */
const CODES = ['chain_broken', 'event_gap'] as const;

export const R13: Line = {
  id: 'R13',
  title: `rows of events, ${WRITERS} writers, kills (kill -9) of writers and of PostgreSQL; then tampers`,
  target: `0 gaps, every chain verifies, then every tamper is found (${TAMPERS} at full size), nothing else`,
  protection: 'the hashes of the chain',
  full: 50_000,
  small: 1_500,
  endsServers: true,
  async run(stack, { n, seed, control, progress }) {
    const site = await openSite(stack, { apiParts: control ? ['credulousChain'] : [] });
    try {
      const random = seededRandom(seed);
      const itemIds = await makeItems(site, Math.max(1, Math.round(n / EVENTS_OF_A_RUN)));
      const { faults, problems } = await write(site, itemIds, { seed, random, progress });
      const gaps = await faultsOfRows(site, itemIds);
      const early = await listed(site);
      progress(`${itemIds.length * EVENTS_OF_A_RUN} events are recorded`);
      const count = Math.min(TAMPERS, Math.ceil(itemIds.length * SHARE_OF_TAMPERED));
      const url = new URL(stack.databaseUrl);
      const tampers = await tamper(url.href, itemIds, { count, length: EVENTS_OF_A_RUN, random });
      const missed = await missedOf(site, tampers, control ? CONTROL_FIND_MS : FIND_MS);
      return {
        operations: itemIds.length * EVENTS_OF_A_RUN,
        faults: { ...faults, tamper: count },
        lost: gaps.length,
        duplicated: 0,
        unresolved: missed.length,
        recoveryMs: [],
        violations: [
          ...problems,
          ...gaps,
          ...early.map(({ message }) => `before any tamper: ${message}`),
          ...missed,
        ],
        evidence: [`${count - missed.length} of ${count} tampers were found`],
      };
    } finally {
      await site.close();
    }
  },
};

async function makeItems({ database, workspaceId, people }: Site, count: number) {
  const itemIds = Array.from({ length: count }, () => newId('item'));
  const memberId = people.idOf('strategist');
  await inLanes(LANES, count, async (index) => {
    const itemId = itemIds[index] ?? '';
    const { seq: _, ...row } = longRunOf({ itemId, workspaceId, memberId }, 1).rowAt(0);
    await insertItem(database.db, {
      ...row,
      id: itemId,
      workspaceId,
      title: `R13: item ${index}`,
      campaignId: null,
      playbookName: STANDARD_PLAYBOOK.name,
      playbookVersion: STANDARD_PLAYBOOK.version,
      createdBy: memberId,
    });
  });
  return itemIds;
}

async function write(
  { stack, database, workspaceId, people }: Site,
  itemIds: readonly string[],
  { seed, random, progress }: { seed: number; random: () => number; progress(text: string): void },
): Promise<{ faults: Record<string, number>; problems: string[] }> {
  const problems = new Set<string>();
  const killer = createKiller(random);
  const outages = createOutages(stack.servers.postgres);
  const enders: (() => Promise<void>)[] = [];
  const group = (index: number) => Math.floor(index / WRITERS_OF_A_RUN);
  for (let writer = 0; writer < WRITERS; writer += 1) {
    const order = {
      workspaceId,
      memberId: people.idOf('strategist'),
      itemIds: itemIds.filter((_, at) => at % group(WRITERS) === group(writer)),
      length: EVENTS_OF_A_RUN,
      seed: seed + writer,
    };
    const start = async () => {
      const program = await stack.start({
        name: `Writer ${writer}`,
        script: 'scripts/reliability/programs/event-writer.ts',
        environment: {
          DATABASE_URL: stack.programDatabaseUrl,
          RELIABILITY_WRITER: JSON.stringify(order),
        },
      });
      void program.exited.then(({ code }) => {
        if (code !== null && code !== 0) problems.add(`a writer ended: ${program.tail()}`);
      });
      return program;
    };
    enders.push(await killer.keep({ name: 'writer', start }));
  }
  killer.begin(KILL_EVERY_MS);
  outages.begin(() => OUTAGE_EVERY_MS * (0.5 + random()));
  const total = itemIds.length * EVENTS_OF_A_RUN;
  let shown = 0;
  const isDone = await within(WRITE_MS, async () => {
    const recorded = await countEvents(database.pool, itemIds);
    if (recorded - shown > total / 5) {
      shown = recorded;
      progress(`${recorded} events`);
    }
    if (problems.size > 0) return false;
    return recorded === total ? true : null;
  });
  await killer.end();
  await outages.end();
  for (const end of enders) await end();
  if (isDone === null) problems.add(`the writers were not done in ${WRITE_MS} ms`);
  return {
    faults: { 'kill writer': killer.kills['kill writer'] ?? 0, ...outages.kills },
    problems: [...problems],
  };
}

/** Zero while the database is away. */
async function countEvents(
  pool: Site['database']['pool'],
  itemIds: readonly string[],
): Promise<number> {
  const { rows } = await pool
    .query<{ count: string }>('select count(*) from item_events where item_id = any($1)', [itemIds])
    .catch(() => ({ rows: [] }));
  return Number(rows[0]?.count ?? 0);
}

/** Items that do not stand where their runs do, event by event. */
async function faultsOfRows(
  { database, workspaceId, people }: Site,
  itemIds: readonly string[],
): Promise<string[]> {
  const faults: string[] = [];
  const memberId = people.idOf('strategist');
  for (const itemId of itemIds) {
    const { events } = longRunOf({ itemId, workspaceId, memberId }, EVENTS_OF_A_RUN);
    const { rows } = await database.pool.query<{ seq: number; hash: string; head: string }>(
      `select e.seq, e.hash, i.seq || ' ' || i.head_hash as head from item_events e
       join items i on i.id = e.item_id where e.item_id = $1 order by e.seq`,
      [itemId],
    );
    const last = events.at(-1);
    const stored = rows.map(({ seq, hash }) => `${seq} ${hash}`).join();
    if (stored !== events.map(({ seq, hash }) => `${seq} ${hash}`).join()) {
      faults.push(`${itemId}: ${rows.length} of ${events.length} events, or others`);
    } else if (rows[0]?.head !== `${last?.seq} ${last?.hash}`) {
      faults.push(`${itemId}: its row is at ${rows[0]?.head}`);
    }
  }
  return faults;
}

/** What the audit says of chains, once it could look at every one. */
async function listed({ people }: Site): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const code of CODES) {
    const page = await within(FIND_MS, async () => {
      const path = `/v1/audit/stuck?limit=200&code=${code}`;
      const answer = await people.ask<{ items: Finding[]; couldNotAsk: object[] }>(
        'admin',
        'GET',
        path,
      );
      return answer.couldNotAsk.length === 0 ? answer : null;
    });
    if (page === null) throw new Error(`the audit could not look for ${code}`);
    found.push(...page.items);
  }
  return found;
}

/** Tampers that the audit does not find, or not where they are; and what it finds where nothing was done. */
async function missedOf(
  site: Site,
  tampers: readonly Tamper[],
  withinMs: number,
): Promise<string[]> {
  let missed: string[] = [];
  // A hole may be a moment old before it is one.
  await within(withinMs, async () => {
    const found = Map.groupBy(await listed(site), ({ itemId }) => itemId ?? '');
    const silent = tampers.filter(({ itemId }) => !found.has(itemId));
    const done = new Set(tampers.map(({ itemId }) => itemId));
    const wrong = [...found.keys()].filter((itemId) => !done.has(itemId));
    missed = [
      ...silent.map(({ kind, itemId, seq }) => `${kind} of ${itemId}, event ${seq}, is not found`),
      ...wrong.map((itemId) => `${itemId} is said to be broken, and nobody touched it`),
    ];
    return missed.length === 0 ? true : null;
  });
  return missed;
}
