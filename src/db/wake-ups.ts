import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';

/** Between two attempts to listen again. */
const RECONNECT_MS = 1_000;
const CONNECT_TIMEOUT_MS = 5_000;

/** What is waited for: a channel of the database, and what was said on it. */
export const WAKE_CHANNELS = ['baton_outbox', 'baton_delivery'] as const;
export type WakeChannel = (typeof WAKE_CHANNELS)[number];

/**
 * Says when there may be something to do. It may say so too often, and not at all while the database is
 * away: whoever waits looks by himself from time to time.
 */
export interface WakeUps {
  /** Resolves at the next word on the channel that is exactly this one. Ask before looking. */
  next(channel: WakeChannel, word?: string): Promise<void>;
  close(): Promise<void>;
}

/** Listens over one connection of its own, and again when it is lost. */
export function openWakeUps(databaseUrl: string): WakeUps {
  const waiting = new Map<string, PromiseWithResolvers<void>>();
  const stopping = new AbortController();
  const { signal } = stopping;
  const wake = (topic: string) => {
    waiting.get(topic)?.resolve();
    waiting.delete(topic);
  };
  const finished = (async () => {
    while (!signal.aborted) {
      await listen(databaseUrl, { signal, wake, listening: () => wakeAll(waiting) }).catch(
        () => {},
      );
      await delay(RECONNECT_MS, null, { signal }).catch(() => {});
    }
  })();
  return {
    next(channel, word = '') {
      const topic = topicOf(channel, word);
      const known = waiting.get(topic) ?? Promise.withResolvers<void>();
      waiting.set(topic, known);
      return known.promise;
    },
    async close() {
      stopping.abort();
      await finished;
      wakeAll(waiting);
    },
  };
}

/** Until the connection is lost or the signal comes. */
async function listen(
  databaseUrl: string,
  {
    signal,
    wake,
    listening,
  }: { signal: AbortSignal; wake(topic: string): void; listening(): void },
): Promise<void> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: 'baton wake-ups',
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  const ended = Promise.withResolvers<void>();
  const end = () => ended.resolve();
  client.on('error', end);
  client.on('end', end);
  client.on('notification', ({ channel, payload }) => wake(topicOf(channel, payload ?? '')));
  signal.addEventListener('abort', end, { once: true });
  try {
    await client.connect();
    for (const channel of WAKE_CHANNELS) await client.query(`listen ${channel}`);
    // What was said before is not heard.
    listening();
    await ended.promise;
  } finally {
    signal.removeEventListener('abort', end);
    await client.end().catch(() => {});
  }
}

function topicOf(channel: string, word: string): string {
  return `${channel} ${word}`;
}

function wakeAll(waiting: Map<string, PromiseWithResolvers<void>>): void {
  for (const { resolve } of waiting.values()) resolve();
  waiting.clear();
}
