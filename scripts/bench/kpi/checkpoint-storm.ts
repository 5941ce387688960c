import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { askSources } from '../../../src/activities/source-replies.ts';
import { createDb } from '../../../src/db/client.ts';
import { takeSourceRequest } from '../../../src/db/workspace/metric-source-health.ts';
import { inWorkspace } from '../../../src/db/workspace-scope.ts';
import { createHttpClient } from '../../../src/http/http-client.ts';
import { createSourceRegistry, type SourceRegistry } from '../../../src/metrics/registry.ts';
import { type Latency, latencyOf } from '../statistics.ts';
import { type Limit, limitedKind, startLimitedSource } from './limited-source.ts';

/** Processes that share the budget, each with a pool of its own. */
const WORKERS = 4;
/** Database connections of one of them, as its queue has. */
const CONNECTIONS = 4;
/** All looks begin at once here. In a worker they wait in the engine's queue, and a failed one comes again. */
const CONNECTED_WITHIN_MS = 30_000;

export interface StormSize {
  checkpoints: number;
  limit: Limit;
  /** How long after its time a checkpoint may still ask. */
  windowMs: number;
}

export interface StormResult {
  lost: number;
  doubled: number;
  /** Requests that the source refused: above its limit. */
  refused: number;
  asked: number;
  mostInOneStretch: number;
  /** From the common instant to each answer. */
  answered: Latency;
  /** Looks of all checkpoints, those that were held back as well. */
  looks: number;
}

/**
 * Checkpoints that are due at one instant, against one source that takes few requests. Each asks as the run
 * of its item does: it looks, and looks again when it was told to.
 */
export async function checkpointStorm(
  databaseUrl: string,
  { workspaceId, itemId }: { workspaceId: string; itemId: string },
  { checkpoints, limit, windowMs }: StormSize,
): Promise<StormResult> {
  const system = await startLimitedSource(limit);
  const pools = Array.from({ length: WORKERS }, () =>
    createDb(databaseUrl, {
      max: CONNECTIONS,
      applicationName: 'checkpoint storm',
      connectionTimeoutMs: CONNECTED_WITHIN_MS,
    }),
  );
  const kind = limitedKind(limit);
  const http = createHttpClient({ allowedOrigins: [system.url] });
  const registry = createSourceRegistry({ http, sandboxUrl: null }, [kind]);
  const dueMs = Date.now();
  const tookMs: number[] = [];
  let looks = 0;
  try {
    await Promise.all(
      Array.from({ length: checkpoints }, async (_, index) => {
        const pool = pools[index % WORKERS];
        if (pool === undefined) return;
        const key = { workspaceId, itemId, publicationId: `pub_storm_${index}`, checkpoint: '+1h' };
        for (;;) {
          looks += 1;
          // Opened for one look, as an activity does.
          const source = sourceOf(registry, { kind, pool, url: system.url, workspaceId });
          const askAgainMs = await inWorkspace({ workspaceId }, () =>
            look(pool, source, { key, dueMs, windowMs }),
          );
          if (askAgainMs === null) break;
          await delay(askAgainMs);
        }
        tookMs.push(Date.now() - dueMs);
      }),
    );
    const rows = await inWorkspace({ workspaceId }, () => countSets(pools, itemId));
    const { sets = 0, rows: stored = 0 } = rows[0] ?? {};
    return {
      lost: checkpoints - sets,
      doubled: stored - sets,
      ...system.counts(),
      answered: latencyOf(tookMs),
      looks,
    };
  } finally {
    await Promise.all(pools.map((pool) => pool.close()));
    await system.close();
  }
}

async function countSets([pool]: readonly Pool[], itemId: string) {
  const counted = await pool?.db.execute<{ sets: number; rows: number }>(sql`
    select count(distinct publication_id)::integer as sets, count(*)::integer as rows
    from readings where item_id = ${itemId} and publication_id like 'pub_storm_%'`);
  return counted?.rows ?? [];
}

type Pool = ReturnType<typeof createDb>;

function sourceOf(
  registry: SourceRegistry,
  {
    kind,
    pool,
    url,
    workspaceId,
  }: { kind: ReturnType<typeof limitedKind>; pool: Pool; url: string; workspaceId: string },
) {
  const subject = { workspaceId, sourceId: 'msr_storm', kind: kind.id, channelAccountId: null };
  const source = registry.open({
    kind,
    config: { url },
    secret: {},
    zone: 'UTC',
    ownerId: subject.sourceId,
    budget: { take: () => takeSourceRequest(pool.db, { ...subject, limit: kind.limit }) },
  });
  if (typeof source === 'string') throw new Error(source);
  return source;
}

/** @returns until the next look; null once it is settled. */
async function look(
  { db }: Pool,
  source: ReturnType<typeof sourceOf>,
  {
    key,
    dueMs,
    windowMs,
  }: { key: Parameters<typeof askSources>[2]['key']; dueMs: number; windowMs: number },
): Promise<number | null> {
  const at = new Date().toISOString();
  const until = new Date(dueMs + windowMs).toISOString();
  const publication = {
    id: key.publicationId,
    channel: 'sandbox' as const,
    marker: key.publicationId,
    remoteId: null,
    url: null,
    publishedAt: new Date(dueMs - 3_600_000).toISOString(),
    accountRef: 'storm',
  };
  const request = { publication, page: null, checkpoint: key.checkpoint, at };
  const { askAgainMs } = await askSources(db, [source], { key, at, until, request });
  return Date.now() > dueMs + windowMs ? null : askAgainMs;
}
