import { diffLines, diffWordsWithSpace } from 'diff';
import type { Draft } from '../../domain/item/content/draft.ts';
import { jobOf } from '../../threads/threads.ts';

/** A part of a text: only in the new one, only in the old one, or in both. */
export interface Part {
  text: string;
  change: 'added' | 'removed' | 'none';
}

/** A text of the content, and how it differs: null where it is new, or too different to tell. */
export interface TextChange {
  /** `title`, `body`, or the channel of a variant; a thread's texts are one. */
  of: string;
  parts: Part[] | null;
}

export interface Drafts {
  now: Draft;
  before: Draft;
}

/** Further apart than so many edits, two texts are shown as two. The work grows with its square. */
const MAX_EDITS = 1_000;
const WITHIN_MS = 50;

/** What changed from one draft to another, text by text; texts that are the same are left out. */
export function draftChanges({ now, before }: Drafts): TextChange[] {
  const [texts, earlier] = [textsOf(now), textsOf(before)];
  const names = [...new Set([...earlier.keys(), ...texts.keys()])];
  return names
    .filter((of) => texts.get(of) !== earlier.get(of))
    .map((of) => ({ of, parts: textChanges(earlier.get(of) ?? '', texts.get(of) ?? '') }));
}

export const DRAFT_CHANGES = jobOf(import.meta, draftChanges);

function textChanges(before: string, now: string): Part[] | null {
  const limits = { maxEditLength: MAX_EDITS, timeout: WITHIN_MS };
  const changes = diffWordsWithSpace(before, now, limits) ?? diffLines(before, now, limits);
  return (
    changes?.map(({ value, added, removed }) => ({
      text: value,
      change: added ? 'added' : removed ? 'removed' : 'none',
    })) ?? null
  );
}

function textsOf({ title, body, variants, assets }: Draft): Map<string, string> {
  const texts = variants.map(({ channel, text, thread = [], link }): [string, string] => [
    channel,
    [text, ...thread, ...(link === undefined ? [] : [link])].join('\n\n'),
  ]);
  const files = assets.map(({ altText = '', hash }) => `${hash.slice(0, 12)} ${altText}`.trim());
  return new Map([['title', title], ['body', body], ...texts, ['files', files.join('\n')]]);
}
