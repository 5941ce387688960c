import type { SearchAttributePair } from '@temporalio/common';
import { startItem } from '../domain/item/run.ts';
import { snapshotToGoOn } from '../domain/item/versions/migrate.ts';
import { summaryOf } from '../domain/visibility/details.ts';
import { searchAttributesOf } from '../domain/visibility/search-attributes.ts';
import type { ItemRunInput } from '../workflows/messages.ts';

/** What the engine shows of a run from its start, before any worker has seen it. */
export function shownAtStart(input: ItemRunInput): {
  typedSearchAttributes: SearchAttributePair[];
  staticSummary: string;
} {
  const snapshot =
    input.continued === undefined
      ? startItem(input.item).snapshot
      : snapshotToGoOn(input.continued.snapshot);
  return {
    typedSearchAttributes: searchAttributesOf(snapshot).filter(isSet),
    staticSummary: summaryOf(snapshot.context),
  };
}

function isSet(
  update: ReturnType<typeof searchAttributesOf>[number],
): update is SearchAttributePair & typeof update {
  return update.value !== null;
}
