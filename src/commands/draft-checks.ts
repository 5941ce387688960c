import {
  type AssetFiles,
  digestDraft,
  draftViolations,
  failedChecks,
} from '../domain/item/content/digests.ts';
import type { Draft } from '../domain/item/content/draft.ts';
import type { DraftDigest } from '../domain/item/context.ts';
import type { LinkGround } from '../domain/links/outgoing-link.ts';
import { type Job, jobOf, runInThread } from '../threads/threads.ts';

interface CheckedDraft {
  draft: Draft;
  files: AssetFiles;
  /** Of the brief. */
  facts: readonly string[];
  links?: LinkGround | undefined;
}

/** Characters of a draft that are checked in the time of a few database queries. */
const SHORT = 5_000;
/** A version gets its number when its command is stored. */
const UNNUMBERED = 0;

export function digestOf({ draft, ...checked }: CheckedDraft): DraftDigest {
  return digestDraft(draft, UNNUMBERED, checked);
}

export function faultsOf({ draft, files, facts, links }: CheckedDraft) {
  const violations = draftViolations(draft, files, links);
  return { failedChecks: failedChecks(draft, facts), violations };
}

/** What a save tells the run of its draft. */
export const DIGEST = jobOf(import.meta, digestOf);
/** What the rules of today say of a draft that is stored. */
export const FAULTS = jobOf(import.meta, faultsOf);

/** Checks a short draft here, a long one in a thread. */
export function checkDraft<Output>(
  job: Job<CheckedDraft, Output>,
  checked: CheckedDraft,
  of: { workspaceId: string },
): Promise<Awaited<Output>> | Output {
  return isLong(checked.draft) ? runInThread(job, checked, of) : job.work(checked);
}

export function isLong({ title, body, variants }: Draft): boolean {
  const texts = variants.flatMap(({ text, thread = [] }) => [text, ...thread]);
  return [title, body, ...texts].reduce((sum, text) => sum + text.length, 0) > SHORT;
}
