import type { NewText } from '../db/item/versions.ts';
import { readLinkGround } from '../db/publishing/outgoing-links.ts';
import { type AssetRow, listAssets } from '../db/workspace/assets.ts';
import type { CommandType } from '../domain/item/commands.ts';
import { digestBrief } from '../domain/item/content/digests.ts';
import type { DraftAsset } from '../domain/item/content/draft.ts';
import type { BodyIssue } from './command-outcome.ts';
import { InvalidBody } from './command-refusals.ts';
import { checkDraft, DIGEST } from './draft-checks.ts';
import { type CommandParts, clocks, type Preparation } from './preparation.ts';

/** A version gets its number when its command is stored. */
const UNNUMBERED = 0;

/** A brief on its way to a version. */
export async function prepareBrief(
  preparation: Preparation<'save_brief'>,
): Promise<Pick<CommandParts<'save_brief'>, 'facts' | 'version'>> {
  const { brief } = preparation.body;
  const digest = digestBrief(brief, UNNUMBERED);
  const facts = { clocks: clocks(preparation) };
  return {
    facts,
    version: {
      text: textOf(preparation, { kind: 'brief', body: brief }, digest.hash),
      named: ({ version }) => ({ refs: { brief: { ...digest, version } }, facts }),
    },
  };
}

/** @throws InvalidBody for a file that is not there, or is not what the draft says. */
export async function prepareDraft(
  preparation: Preparation<'save_draft'>,
): Promise<Pick<CommandParts<'save_draft'>, 'facts' | 'version'>> {
  const { db, item, body, context } = preparation;
  const { workspaceId } = item;
  const hashes = body.draft.assets.map(({ hash }) => hash);
  const stored = await listAssets(db, { workspaceId, hashes });
  const files = new Map(stored.map((file) => [file.hash, file]));
  const wrong = body.draft.assets.flatMap((asset, index) => assetIssues(asset, index, files));
  if (wrong.length > 0) throw new InvalidBody(wrong);
  const { title } = body.draft;
  const links = await readLinkGround(db, {
    workspaceId,
    itemId: item.id,
    title,
    contentHash: null,
  });
  const checked = { draft: body.draft, files, facts: context.brief?.facts ?? [], links };
  const digest = await checkDraft(DIGEST, checked, { workspaceId });
  const facts = { clocks: clocks(preparation) };
  return {
    facts,
    version: {
      text: textOf(preparation, { kind: 'draft', body: body.draft }, digest.hash),
      named: ({ version, writtenBy }) => ({
        refs: { draft: { ...digest, version } },
        facts: { ...facts, ...(writtenBy.length > 0 && { writtenBy }) },
      }),
    },
  };
}

/** A file counts as what its bytes are: the draft may not call a text a video. */
function assetIssues(
  { hash, kind }: DraftAsset,
  index: number,
  files: ReadonlyMap<string, Pick<AssetRow, 'kind' | 'mediaType'>>,
): BodyIssue[] {
  const file = files.get(hash);
  if (file === undefined) {
    return [{ path: ['assets', index, 'hash'], message: 'no such asset: upload it first' }];
  }
  if (file.kind === kind) return [];
  const message = `the file is ${file.mediaType}, stored as ${file.kind}: it is no ${kind}`;
  return [{ path: ['assets', index, 'kind'], message }];
}

function textOf(
  { item, caller }: Pick<Preparation<CommandType>, 'item' | 'caller'>,
  text: NewText['text'],
  hash: string,
): NewText {
  const { workspaceId, id: itemId } = item;
  return { workspaceId, itemId, text, hash, authorId: caller.memberId };
}
