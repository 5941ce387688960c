import { describe, expect, it } from 'vitest';
import { FINAL_STAGES, stageOf } from '../../src/domain/item/stages.ts';
import { detailsOf } from '../../src/domain/visibility/details.ts';
import { searchAttributesOf } from '../../src/domain/visibility/search-attributes.ts';
import { CAST, HOUR, later } from './item-fixture.ts';
import { RUN_AT } from './item-journeys.ts';

const attributesOf = (snapshot: Parameters<typeof searchAttributesOf>[0]) =>
  Object.fromEntries(searchAttributesOf(snapshot).map(({ key, value }) => [key.name, value]));

describe('what operators see of an item', () => {
  it.each(Object.keys(RUN_AT) as (keyof typeof RUN_AT)[])('in %s', (place) => {
    const run = RUN_AT[place]();
    const attributes = attributesOf(run.snapshot);
    const text = detailsOf(run.snapshot);
    expect(attributes['BatonStage']).toBe(stageOf(place));
    const waits = text.match(/^Waits for /gm) ?? [];
    expect(waits.length > 0).toBe(attributes['BatonWaitingRole'] !== null);
    const due = attributes['BatonDueAt'];
    if (waits.length > 0 && due instanceof Date) expect(text).toContain(`due ${due.toISOString()}`);
    // People are in no attribute and no text, not even by their ids.
    expect(JSON.stringify(attributes) + text).not.toMatch(/mbr_|@/);
  });

  it('a closed or cancelled item waits for nobody and is due at no time', () => {
    const run = RUN_AT['creation.drafting']();
    run.give('cancel', CAST.admin, { reason: 'no need of it' });
    expect(FINAL_STAGES).toContain(attributesOf(run.snapshot)['BatonStage']);
    expect(attributesOf(run.snapshot)).toMatchObject({ BatonWaitingRole: null, BatonDueAt: null });
    expect(detailsOf(run.snapshot)).not.toMatch(/Waits for|Next by itself/);
  });

  it('a held item waits since it was held', () => {
    const run = RUN_AT['review.deciding']();
    run.at = later(run.at, HOUR);
    run.give('hold', CAST.editor, { reason: 'a crisis' });
    expect(detailsOf(run.snapshot)).toContain(`Waits for Editor (resume) since ${run.at}`);
  });
});
