import type { Db } from '../db/client.ts';
import { getDraft } from '../db/item/versions.ts';
import { readLinkGround, type StoredLinkGround } from '../db/publishing/outgoing-links.ts';
import { listAssets } from '../db/workspace/assets.ts';
import type { ItemContext } from '../domain/item/context.ts';
import { clipMessages, MAX_VIOLATIONS } from '../domain/item/size.ts';
import { createMemo } from '../threads/memo.ts';
import { checkDraft, FAULTS, isLong } from './draft-checks.ts';

/** What the rules of today say of an item's draft. */
interface CurrentFaults {
  draftHash: string;
  /** What its links are sent with. */
  links: StoredLinkGround;
  /** Codes of the machine checks of the review checklist that fail. */
  failedChecks: string[];
  violations: { channel: string; message: string }[];
}

/**
 * The stored draft against the brief and the limits as they are now. The run goes by what was found
 * when the draft was saved: a brief saved after it may ask for more (a disclosure, for example), and
 * limits are data that change with a version of Baton.
 * @param contentHash of what was submitted: its links are judged as they were approved.
 * @returns null where there is no draft.
 */
export async function currentFaults(
  db: Db,
  { workspaceId, itemId, draft, brief }: ItemContext,
  { contentHash }: { contentHash: string | null },
): Promise<CurrentFaults | null> {
  if (draft === null) return null;
  const stored = await getDraft(db, { workspaceId, itemId, hash: draft.hash });
  if (stored === null) return null;
  const links = await readLinkGround(db, {
    workspaceId,
    itemId,
    title: stored.body.title,
    contentHash,
  });
  const key = JSON.stringify([draft.hash, brief?.facts ?? [], links]);
  const hashes = stored.body.assets.map(({ hash }) => hash);
  const rows = await listAssets(db, { workspaceId, hashes });
  const files = new Map(rows.map((file) => [file.hash, file]));
  const checked = { draft: stored.body, files, facts: brief?.facts ?? [], links };
  const check = async () => checkDraft(FAULTS, checked, { workspaceId });
  const faults = await (isLong(stored.body) ? known.get(key, check) : check());
  return { draftHash: draft.hash, links, ...faults };
}

/** A stored draft never changes, nor do its files: what was found of a long one is asked for again. */
const known = createMemo<Pick<CurrentFaults, 'failedChecks' | 'violations'>>({ entries: 500 });

/** What the run cannot know of a draft that is handed in. */
export async function draftFacts(db: Db, context: ItemContext) {
  const found = await currentFaults(db, context, { contentHash: null });
  if (found === null) return {};
  const { draftHash, failedChecks, links } = found;
  const violations = found.violations.map(({ message }) => message);
  return {
    draftHash,
    failedChecks,
    violations: clipMessages(violations, MAX_VIOLATIONS),
    ...(links.rule?.utm === true && { linkCampaign: links.campaign }),
  };
}
