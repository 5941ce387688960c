import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createTextCheck, sniffType } from '../../src/assets/asset-types.ts';
import { ChannelId } from '../../src/domain/channel/channels.ts';
import { Brief, missingBriefFields } from '../../src/domain/item/content/brief.ts';
import { digestDraft } from '../../src/domain/item/content/digests.ts';
import { Draft } from '../../src/domain/item/content/draft.ts';
import { KPI_IDS, kpiDefinition } from '../../src/domain/kpi/catalogue.ts';

const examples = fileURLToPath(new URL('../../examples/', import.meta.url));

describe.each(['fr', 'en'])('the example in %s', (language) => {
  const text = (file: string): string => readFileSync(`${examples}${language}/${file}`, 'utf8');
  const brief = Brief.parse(JSON.parse(text('brief.json')));
  const draft = Draft.parse(JSON.parse(text('draft.json')));

  it('has a brief that can be handed over, with targets for every owner role', () => {
    expect(missingBriefFields(brief)).toEqual([]);
    expect(brief.channels).toEqual(['sandbox']);
    expect(brief.languages).toEqual([language]);
    const roles = (brief.kpiTargets ?? []).flatMap(({ kpi, target }) => {
      const id = KPI_IDS.find((known) => known === kpi);
      if (!id) throw new Error(`${kpi} is not a KPI`);
      const { targetRange, roles } = kpiDefinition(id);
      expect(target).toBeGreaterThanOrEqual(targetRange[0]);
      expect(target).toBeLessThanOrEqual(targetRange[1]);
      return roles;
    });
    expect(new Set(roles)).toEqual(new Set(['strategist', 'creator', 'social_media_manager']));
    const checkpoints = new Set(brief.kpiTargets?.map(({ checkpoint }) => checkpoint));
    expect(checkpoints).toEqual(new Set(['+7d', '+28d']));
  });

  it('has a draft that is made of its parts', () => {
    expect(draft.language).toBe(language);
    expect(draft.body).toBe(text('article.md'));
    expect(draft.variants).toEqual(JSON.parse(text('variants.json')));
  });

  it('has an article of a readable length', () => {
    const words = draft.body.split(/\s+/).length;
    expect(words).toBeGreaterThan(700);
    expect(words).toBeLessThan(1_000);
  });

  it('has pictures of the hash that the draft names', async () => {
    const pictures = readdirSync(`${examples}${language}`).filter((file) => file.endsWith('.png'));
    const hashes = [];
    for (const picture of pictures) {
      const path = `${examples}${language}/${picture}`;
      const bytes = readFileSync(path);
      expect(statSync(path).size).toBeLessThan(40_000);
      expect(await sniffType(bytes, 'visual')).toEqual({ mediaType: 'image/png', allowed: true });
      hashes.push(createHash('sha256').update(bytes).digest('hex'));
    }
    expect(draft.assets.map(({ hash }) => hash)).toEqual(hashes);
  });

  it('passes every check of the machine', () => {
    const { violations, failedChecks, assetKinds } = digestDraft(draft, 1, {
      files: new Map(
        draft.assets.map(({ hash }) => [hash, { size: 30_000, mediaType: 'image/png' }]),
      ),
      facts: ['claims'],
    });
    expect(violations).toEqual([]);
    expect(failedChecks).toEqual([]);
    for (const format of brief.formats ?? []) expect(assetKinds).toContain(format);
    for (const { channel } of draft.variants) ChannelId.parse(channel);
  });

  it('is stored as what it is', () => {
    const check = createTextCheck();
    check.add(Buffer.from(text('article.md')));
    expect(check.mediaType()).toBe('text/plain');
  });
});

it('French punctuation never breaks from its word', () => {
  const french = readFileSync(`${examples}fr/draft.json`, 'utf8');
  expect(french.match(/\S+ [:;!?»]|« \S+/g)).toBeNull();
});
