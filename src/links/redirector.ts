import type { Db } from '../db/client.ts';
import { addClicks, findShortLink, type ShortLink } from '../db/publishing/outgoing-links.ts';
import { inWorkspace } from '../db/workspace-scope.ts';
import { CODE_LENGTH } from '../domain/links/outgoing-link.ts';
import { createMemo } from '../threads/memo.ts';
import { createTurnstile } from '../threads/turnstile.ts';
import { createClickCounter } from './click-counter.ts';
import { isSomebody, type Visit } from './counted-visit.ts';
import { createRecentVisits } from './recent-visits.ts';

/** `unavailable`: nobody can say now where the code leads. */
export type Destination = { target: string } | 'unknown' | 'unavailable';

/** Answers short links, and counts who opens them. */
export interface Redirector {
  /** Where a code leads. A click is counted beside the answer. */
  open(code: string, visit: Visit & { address: string }): Promise<Destination>;
  /** Stores what was counted. */
  stop(): Promise<void>;
}

/** What a link leads to never changes, so what was read once is good: also while the database is away. */
const REMEMBERED = 5_000;
const CODE = new RegExp(`^[0-9A-Za-z]{${CODE_LENGTH}}$`);
/** Codes that are looked up at a time: guesses must not take the connections of everybody else. */
const LOOKUPS_AT_ONCE = 4;
/** Whoever clicked waits no longer. */
const LOOKUP_WITHIN_MS = 3_000;

export function createRedirector({
  db,
  log,
  flushMs,
}: {
  db: Db;
  log: { warn(fields: object, message: string): void };
  flushMs?: number;
}): Redirector {
  const links = createMemo<ShortLink | null>({ entries: REMEMBERED });
  const turns = createTurnstile(LOOKUPS_AT_ONCE);
  const visits = createRecentVisits();
  const counter = createClickCounter({
    add: (workspaceId, counted) =>
      inWorkspace({ workspaceId }, () => addClicks(db, { workspaceId, counted })),
    log,
    ...(flushMs !== undefined && { flushMs }),
  });

  /** @throws Error when the database does not answer. */
  async function lookUp(code: string): Promise<ShortLink | null> {
    const leave = await turns.enter('', LOOKUP_WITHIN_MS);
    if (leave === null) throw new Error('too many codes are being looked up');
    try {
      return await findShortLink(db, code);
    } finally {
      leave();
    }
  }

  return {
    async open(code, { address, ...visit }) {
      if (!CODE.test(code)) return 'unknown';
      const link = await inTime(links.get(code, () => lookUp(code))).catch(
        () => 'unavailable' as const,
      );
      if (link === null) return 'unknown';
      if (link === 'unavailable') return link;
      const agent = visit.header('user-agent') ?? '';
      if (isSomebody(visit) && !visits.isRepeated({ code, address, agent })) {
        counter.note({ workspaceId: link.workspaceId, code });
      }
      return { target: link.target };
    },
    stop: () => counter.stop(),
  };
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error('it took too long')), LOOKUP_WITHIN_MS);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
