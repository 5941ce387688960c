import type { DayClicks } from '../db/publishing/outgoing-links.ts';

/** The link that was opened. */
export interface ClickedLink {
  workspaceId: string;
  code: string;
}

/** Counts in memory, and hands on what it has every other second: nobody waits for it. */
export interface ClickCounter {
  note(link: ClickedLink): void;
  /** Hands on what it has. Never throws: what cannot be handed on is kept for the next time. */
  flush(): Promise<void>;
  /** Hands on the rest. */
  stop(): Promise<void>;
}

export interface ClickCounterDeps {
  /** Adds clicks to what is stored; all of them or none. */
  add(workspaceId: string, counted: readonly DayClicks[]): Promise<void>;
  log: { warn(fields: object, message: string): void };
  now?: () => number;
  flushMs?: number;
  /** Links whose clicks wait at a time, at most: those of further ones are lost, and that is said. */
  most?: number;
}

/** What a crash may lose is what came in so long. */
const FLUSH_MS = 2_000;
const MOST_LINKS = 10_000;
/** Links in one statement. */
const BATCH = 1_000;

export function createClickCounter({
  add,
  log,
  now = Date.now,
  flushMs = FLUSH_MS,
  most = MOST_LINKS,
}: ClickCounterDeps): ClickCounter {
  let waiting = new Map<string, ClickedLink & DayClicks>();
  let lost = 0;
  let flushing: Promise<void> | null = null;
  const timer = setInterval(() => void flush(), flushMs);
  timer.unref();

  function put(link: ClickedLink, day: string, clicks: number): void {
    const key = `${link.code} ${day}`;
    const known = waiting.get(key);
    if (known !== undefined) known.clicks += clicks;
    else if (waiting.size < most) waiting.set(key, { ...link, day, clicks });
    else lost += clicks;
  }

  function flush(): Promise<void> {
    flushing ??= handOn().finally(() => {
      flushing = null;
    });
    return flushing;
  }

  async function handOn(): Promise<void> {
    const taken = [...waiting.values()];
    waiting = new Map();
    for (const [workspaceId, counted] of Map.groupBy(taken, (one) => one.workspaceId)) {
      for (let at = 0; at < counted.length; at += BATCH) {
        await addOrKeep(workspaceId, counted.slice(at, at + BATCH));
      }
    }
    if (lost > 0)
      log.warn({ lost }, 'clicks were not counted: too many links wait for the database');
    lost = 0;
  }

  async function addOrKeep(
    workspaceId: string,
    counted: readonly (ClickedLink & DayClicks)[],
  ): Promise<void> {
    try {
      await add(
        workspaceId,
        counted.map(({ code, day, clicks }) => ({ code, day, clicks })),
      );
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      log.warn({ workspaceId, links: counted.length, reason }, 'clicks wait for the database');
      for (const { day, clicks, code } of counted) put({ workspaceId, code }, day, clicks);
    }
  }

  return {
    note: (link) => put(link, new Date(now()).toISOString().slice(0, 10), 1),
    flush,
    async stop() {
      clearInterval(timer);
      // What is under way took what was there before.
      await flushing;
      await flush();
    },
  };
}
