import { beforeAll, describe, expect, it } from 'vitest';
import type { ReplayBundle } from '../../scripts/replay/replay.ts';
import { replaysOf } from '../support/recorded-histories.ts';
import { bundleWith, CAUGHT, HARMLESS, JUDGES_AGAIN } from './changes.ts';
import { recordingsWith } from './coverage.ts';

/**
 * Changes that each looked harmless to somebody. Either they do not touch what is alive, or the gate
 * says where they would rewrite it: nothing in between.
 */
describe.each(Object.entries(HARMLESS))('%s', (_, { edits, about }) => {
  it('and open items go on as they are', async () => {
    const bundle = await bundleWith(edits);
    const files = recordingsWith(about);
    expect(files).not.toEqual([]);
    const differing = [...(await replaysOf(bundle, files))].filter(([, found]) => found !== null);
    expect(differing).toEqual([]);
  });
});

describe('a release that judges again what was admitted', () => {
  let bundle: ReplayBundle;
  const stricter = Object.entries(HARMLESS).filter(([, { about }]) => about.startsWith('command'));
  beforeAll(async () => {
    bundle = await bundleWith([...stricter.flatMap(([, { edits }]) => edits), JUDGES_AGAIN]);
  }, 120_000);

  it.each(stricter)('is caught where %s', async (_, { about }) => {
    for (const [file, found] of await replaysOf(bundle, recordingsWith(about))) {
      expect(found, file).toMatch(/, outcome: recorded|nondeterminis/i);
    }
  });
});

describe.each(Object.entries(CAUGHT))('%s', (_, { edits, about, where }) => {
  it('is caught, with the place', async () => {
    const bundle = await bundleWith(edits);
    const files = recordingsWith(about);
    expect(files).not.toEqual([]);
    const found = [...(await replaysOf(bundle, files)).values()];
    expect(found.filter((lines) => lines !== null && where.test(lines))).not.toEqual([]);
  });
});
