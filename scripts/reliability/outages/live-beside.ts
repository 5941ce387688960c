import { setTimeout as delay } from 'node:timers/promises';
import type { Outcome, RunOptions } from '../line.ts';
import { createPeople, type Habits } from '../people.ts';
import type { Site } from '../site.ts';
import { judgeLives } from './judge-lives.ts';
import { liveItems } from './live-items.ts';

const PROGRESS_EVERY = 50;
/** A life lasts seconds; a machine with much else to do may need many times as long for it. */
const LIFE_MS = 20_000;
const AT_LEAST_MS = 240_000;
/** Without its protection a line is stuck for good: no use in waiting longer. */
const CONTROL_MS = 60_000;
const SETTLE_MS = 120_000;
const CONTROL_SETTLE_MS = 15_000;
const CONTROL_GIVE_UP_MS = 20_000;

/** What goes wrong beside the lives. */
export interface Trouble {
  begin(): void;
  end(): Promise<void>;
  /** By kind, once it is over. */
  faults(): Record<string, number>;
  recoveryMs(): number[];
}

/** Lives `n` items from start to end beside some trouble, and judges them once it is over. */
export async function liveBeside(
  site: Site,
  trouble: Trouble,
  {
    n,
    seed,
    control,
    name,
    progress,
    isTrusting = false,
  }: RunOptions & { name: string } & Pick<Habits, 'isTrusting'>,
): Promise<Outcome> {
  const acknowledged = new Set<string>();
  const { credentials } = site.stack;
  const urls = [site.api.url];
  const people = createPeople(credentials, urls, {
    isTrusting,
    ...(control && { giveUpMs: CONTROL_GIVE_UP_MS }),
    onAcknowledged: (key) => acknowledged.add(key),
  });
  const account = await site.addAccount(name);
  const wanted = Array.from({ length: n }, (_, index) => ({
    text: `${name} ${seed}: item ${index} on ${account.name}`,
    account,
  }));
  const over = new AbortController();
  trouble.begin();
  const limit = delay(control ? CONTROL_MS : Math.max(AT_LEAST_MS, n * LIFE_MS), undefined, {
    signal: over.signal,
  }).catch(() => {});
  let isLate = false;
  void limit.then(() => {
    isLate = true;
  });
  const lives = await liveItems({ patient: createPeople(credentials, urls), people }, wanted, {
    isOver: () => isLate,
    onClosed(count) {
      if (count % PROGRESS_EVERY === 0) progress(`${count} items are closed`);
    },
  });
  over.abort();
  await trouble.end();
  progress(`${lives.filter(({ isClosed }) => isClosed).length} of ${n} items are closed`);
  const judged = await judgeLives(site, lives, {
    count: n,
    acknowledged,
    withinMs: control ? CONTROL_SETTLE_MS : SETTLE_MS,
  });
  const faults = trouble.faults();
  if (Object.keys(faults).length === 0) judged.violations.push('nothing went wrong');
  return { ...judged, faults, recoveryMs: trouble.recoveryMs() };
}
