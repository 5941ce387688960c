import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { ItemSnapshot } from '../domain/item/run.ts';
import { detailsOf } from '../domain/visibility/details.ts';
import {
  type SearchAttributeUpdate,
  searchAttributesOf,
} from '../domain/visibility/search-attributes.ts';

/**
 * What the engine's own UI shows of a run. Each change of the attributes is an event of the history,
 * so only what differs is written, and once per task.
 */
export class OperatorView {
  #shown: SearchAttributeUpdate[];
  #news: SearchAttributeUpdate[] = [];

  /** @param isNew whoever started the run showed it as it starts; a continued run shows itself. */
  constructor(snapshot: ItemSnapshot, { isNew }: { isNew: boolean }) {
    this.#shown = isNew ? searchAttributesOf(snapshot) : [];
    this.note(snapshot);
  }

  note(snapshot: ItemSnapshot): void {
    setCurrentDetails(detailsOf(snapshot));
    const shown = new Set(this.#shown.map(textOf));
    this.#news = searchAttributesOf(snapshot).filter((update) => !shown.has(textOf(update)));
  }

  get hasNews(): boolean {
    return this.#news.length > 0;
  }

  show(): void {
    if (!this.hasNews) return;
    upsertSearchAttributes(this.#news);
    const names = new Set(this.#news.map(({ key }) => key.name));
    this.#shown = [...this.#shown.filter(({ key }) => !names.has(key.name)), ...this.#news];
    this.#news = [];
  }
}

function textOf({ key, value }: SearchAttributeUpdate): string {
  return `${key.name} ${JSON.stringify(value)}`;
}
