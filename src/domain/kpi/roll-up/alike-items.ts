import { checkpointsOf, latestReadings, readingScope, type SummedReading } from '../readings.ts';
import {
  campaignTree,
  type ManyParts,
  type MeasuredPublication,
  type ScopeNode,
  scopeTrees,
} from './rollup.ts';

/**
 * Items with the same accounts, as many posts on each, and readings of the same series everywhere, added up
 * as one: a roll-up of them is the roll-up of this one. An item by itself is one of them, too.
 */
export interface AlikeItems {
  /** Of one of them. */
  itemId: string;
  many?: ManyParts;
  /** Those that went out. */
  publications: readonly MeasuredPublication[];
  readings: readonly SummedReading[];
}

/**
 * The tree of items, alike ones as one. An item without a post that went out and without a reading of
 * its own is no part yet.
 */
export function alikeTree(items: readonly AlikeItems[], checkpoint: string | null): ScopeNode {
  return campaignTree(
    items.filter(isPart).map(({ itemId, many, publications, readings }) => {
      const tree = scopeTrees({ publications, readings })(checkpoint);
      return { itemId, tree: many === undefined ? tree : { ...tree, many } };
    }),
  );
}

/** Checkpoints that the readings which count name, oldest age first. */
export function alikeCheckpoints(items: readonly AlikeItems[]): string[] {
  return checkpointsOf(items.flatMap((item) => latestReadings(readingsOfParts(item))));
}

function isPart(item: AlikeItems): boolean {
  return item.publications.length > 0 || readingsOfParts(item).length > 0;
}

/** Without those of accounts and posts that nothing went out on. */
function readingsOfParts({ publications, readings }: AlikeItems): SummedReading[] {
  const scopes = new Set<string>(['item']);
  for (const { id, channelAccountId } of publications) {
    scopes.add(`channel:${channelAccountId}`).add(`publication:${id}`);
  }
  return readings.filter((reading) => scopes.has(readingScope(reading)));
}
