import { itemTime } from '../../commands/command-facts.ts';
import { type ApprovalLinkRow, linkCommandId } from '../../db/item/approval-links.ts';
import { readContextOfLink } from '../../db/item/command-context.ts';
import { findSubmittedDraft } from '../../db/item/item-events.ts';
import type { StoredItem } from '../../db/item/items.ts';
import { getDraft } from '../../db/item/versions.ts';
import type { Draft } from '../../domain/item/content/draft.ts';
import { type ItemContext, lastDecidedContent } from '../../domain/item/context.ts';
import { type LinkState, linkState } from '../../domain/item/requirements/approval-link.ts';
import { placeOf } from '../../domain/item/run.ts';
import { expectedLinks } from '../../links/expected-links.ts';
import { createMemo, type Memo } from '../../threads/memo.ts';
import { runInThread } from '../../threads/threads.ts';
import type { ApiDeps } from '../deps.ts';
import { DRAFT_CHANGES, type TextChange } from './difference.ts';
import type { AskedContent } from './page.ts';

/** A link with its item, as both are now. */
export interface AskedItem {
  link: ApprovalLinkRow;
  item: StoredItem;
  context: ItemContext;
  state: LinkState;
  /** The item is not in review, and may come back to it. */
  isHeld: boolean;
  known: NonNullable<Awaited<ReturnType<typeof readContextOfLink>>>;
}

export type AskedParts = Pick<
  AskedContent,
  | 'name'
  | 'role'
  | 'title'
  | 'draft'
  | 'changes'
  | 'slots'
  | 'links'
  | 'expiresAt'
  | 'zone'
  | 'isHeld'
>;

/** Differences that are kept: whoever looks again pays nothing. */
const MAX_CHANGES = 64;

/** What the pages of approval links are made from. */
export function createAskedReader({ db }: Pick<ApiDeps, 'db'>) {
  const changes: Memo<TextChange[]> = createMemo({ entries: MAX_CHANGES });

  async function read(link: ApprovalLinkRow): Promise<AskedItem> {
    const { workspaceId, itemId, id } = link;
    const key = { workspaceId, itemId, commandId: linkCommandId(id) };
    const known = await readContextOfLink(db, key);
    const item = known?.item ?? null;
    if (known === null || item === null) throw new Error(`${id}: a link refers to an item's row`);
    const { context } = item.snapshot;
    const isUsed = known.command !== null;
    const state = linkState(link, { context, now: itemTime(item), isUsed });
    const isHeld = placeOf(item.snapshot) !== 'review.deciding';
    return { link, item, context, state, isHeld, known };
  }

  /** The draft of the content that an open link asks about: it is the item's own. */
  function draftOf({ link, context }: AskedItem): Promise<Draft> {
    return draftBy(link, context.draft?.hash ?? '');
  }

  async function draftBy(link: ApprovalLinkRow, hash: string): Promise<Draft> {
    const { workspaceId, itemId } = link;
    const row = await getDraft(db, { workspaceId, itemId, hash });
    if (row === null) throw new Error(`${itemId}: the draft ${hash} is not stored`);
    return row.body;
  }

  /** Null when nothing was decided on before. */
  async function changesSince(asked: AskedItem, draft: Draft): Promise<TextChange[] | null> {
    const { workspaceId, itemId, contentHash } = asked.link;
    const earlier = lastDecidedContent(asked.context);
    if (earlier === null) return null;
    const key = { workspaceId, itemId, contentHash: earlier };
    const hash = await findSubmittedDraft(db, key);
    if (hash === null) return null;
    return changes.get(JSON.stringify([workspaceId, itemId, earlier, contentHash]), async () => {
      const before = await draftBy(asked.link, hash);
      return runInThread(DRAFT_CHANGES, { now: draft, before }, { workspaceId });
    });
  }

  /** What the page of an open link shows. */
  async function partsOf(asked: AskedItem): Promise<AskedParts> {
    const { link, item, context, known, isHeld } = asked;
    const draft = await draftOf(asked);
    return {
      name: link.name,
      role: link.role,
      title: item.title,
      draft,
      changes: await changesSince(asked, draft),
      slots: context.publications.filter(
        ({ state }) => state === 'tentative' || state === 'planned',
      ),
      links: await expectedLinks(db, {
        workspaceId: link.workspaceId,
        itemId: link.itemId,
        draft,
        context,
      }),
      expiresAt: link.expiresAt,
      zone: known.calendar.zone,
      isHeld,
    };
  }

  return { read, draftOf, partsOf };
}
