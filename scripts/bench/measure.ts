import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { REFUSED_COMMANDS, TWELVE_COMMANDS } from './commands.ts';
import { inLanes } from './lanes.ts';
import type { ProcessorTimes } from './process-usage.ts';
import type { Variant, VariantKey } from './variants.ts';

/** Items that run at the same time: one alone, and more than the machine has cores. */
export const CONCURRENCIES = [1, 8] as const;
export type Concurrency = (typeof CONCURRENCIES)[number];

/** One variant at one concurrency in one round. Times in milliseconds. */
export interface Block {
  round: number;
  variant: VariantKey;
  concurrency: Concurrency;
  itemsPerSecond: number;
  accepted: number[];
  refused: number[];
  /** Processor time of each part per accepted command, starts included; empty where nobody tells. */
  processorMs: ProcessorTimes;
  /** An item of the block, for its history. */
  sampleItemId: string;
}

/**
 * Takes `items` items through the twelve commands, then sends each the commands that it refuses.
 * Items per second counts the accepted part only: start and twelve commands.
 */
export async function measureBlock(
  variant: Variant,
  options: {
    round: number;
    concurrency: Concurrency;
    items: number;
    /** Processor time used so far. */
    usage: () => ProcessorTimes;
    /** False leaves the refused commands out. */
    refusals?: boolean;
  },
): Promise<Block> {
  collectGarbage();
  const { concurrency, items, round, usage, refusals = true } = options;
  const accepted: number[] = [];
  const refused: number[] = [];
  const ids: string[] = [];
  const usageBefore = usage();
  const begun = performance.now();
  await inLanes(concurrency, items, async () => {
    const itemId = await variant.start();
    for (const step of TWELVE_COMMANDS) {
      accepted.push(await timed(() => variant.accept(itemId, step)));
    }
    ids.push(itemId);
  });
  const seconds = (performance.now() - begun) / 1_000;
  const processorMs = perCommand(usageBefore, usage(), accepted.length);
  await inLanes(concurrency, items, async (index) => {
    const itemId = ids[index] ?? '';
    for (const step of refusals ? REFUSED_COMMANDS : []) {
      refused.push(await timed(() => variant.refuse(itemId, step)));
    }
  });
  return {
    round,
    variant: variant.key,
    concurrency,
    itemsPerSecond: items / seconds,
    accepted,
    refused,
    processorMs,
    sampleItemId: ids.at(-1) ?? '',
  };
}

function perCommand(
  before: ProcessorTimes,
  after: ProcessorTimes,
  commands: number,
): ProcessorTimes {
  return Object.fromEntries(
    Object.entries(after).map(([part, ms]) => [part, (ms - (before[part] ?? 0)) / commands]),
  );
}

async function timed(work: () => Promise<void>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

let collector: (() => void) | null = null;

/** Starts each block with an empty young generation, so that no variant pays for another's garbage. */
function collectGarbage(): void {
  if (collector === null) {
    setFlagsFromString('--expose-gc');
    collector = runInNewContext('gc') as () => void;
  }
  collector();
}
