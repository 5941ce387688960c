import type { Db } from '../db/client.ts';
import { getDraft } from '../db/item/versions.ts';
import { listAssets } from '../db/workspace/assets.ts';
import type { ItemContext } from '../domain/item/context.ts';
import { draftViolations, failedChecks } from '../domain/item/digests.ts';

/** What the rules of today say of an item's draft. */
interface CurrentFaults {
  draftHash: string;
  /** Codes of the machine checks of the review checklist that fail. */
  failedChecks: string[];
  violations: { channel: string; message: string }[];
}

/**
 * The stored draft against the brief and the limits as they are now. The run goes by what was found
 * when the draft was saved: a brief saved after it may ask for more (a disclosure, for example), and
 * limits are data that change with a version of Baton.
 * @returns null where there is no draft.
 */
export async function currentFaults(
  db: Db,
  { workspaceId, itemId, draft, brief }: ItemContext,
): Promise<CurrentFaults | null> {
  if (draft === null) return null;
  const stored = await getDraft(db, { workspaceId, itemId, hash: draft.hash });
  if (stored === null) return null;
  const { body } = stored;
  const hashes = body.assets.map(({ hash }) => hash);
  const assets = await listAssets(db, { workspaceId, hashes });
  return {
    draftHash: draft.hash,
    failedChecks: failedChecks(body, brief?.facts ?? []),
    violations: draftViolations(body, new Map(assets.map((file) => [file.hash, file]))),
  };
}
