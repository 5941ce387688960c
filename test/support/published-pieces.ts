import type { Db } from '../../src/db/client.ts';
import { makeItem, type TestWorkspace } from './db-fixture.ts';

export interface PublishedPieces {
  itemId: string;
  /** In order. */
  publicationIds: string[];
}

/** An item with published posts, each with its id on the network `r0`, `r1`, … and its own address. */
export async function publishPieces(
  db: Db,
  workspace: TestWorkspace,
  { count, tag = 'a' }: { count: number; tag?: string },
): Promise<PublishedPieces> {
  const { id: itemId } = await makeItem(db, workspace);
  const account = workspace.channelAccounts[0]?.channelAccountId;
  const ids = Array.from({ length: count }, (_, n) => `pub_${tag}_${itemId}_${n}`);
  const values = [workspace.workspaceId, itemId, account, ids, tag];
  await db.$client.query(
    `insert into publications (id, workspace_id, item_id, channel_account_id, channel, slot_number, state,
       at, published_at, local, zone, permalink, changed_seq)
     select id, $1, $2, $3, 'sandbox', n, 'published', now(), now(), '', 'UTC',
       'https://net.example/' || $5 || '/' || (n - 1), 1
     from unnest($4::text[]) with ordinality as p (id, n)`,
    values,
  );
  await db.$client.query(
    `insert into remote_posts (workspace_id, network, remote_id, item_id, channel_account_id,
       publication_id, position, stated)
     select $1, 'sandbox', $5 || (n - 1), $2, $3, id, 0, false
     from unnest($4::text[]) with ordinality as p (id, n)`,
    values,
  );
  return { itemId, publicationIds: ids };
}
