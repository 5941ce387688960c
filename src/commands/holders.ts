import type { Db } from '../db/client.ts';
import { listHolders } from '../db/workspace/members.ts';
import type { Holders } from '../domain/item/commands/facts.ts';
import type { Role } from '../domain/people/roles.ts';

/** A quorum of `all` binds whoever holds the role now; more members than this are not carried into the run. */
const MAX_HOLDERS = 200;

/** Who holds the roles now. */
export async function holdersOf(
  db: Db,
  workspaceId: string,
  roles: readonly Role[],
): Promise<Holders> {
  const all = await listHolders(db, { workspaceId });
  return Object.fromEntries(
    roles.flatMap((role) => (all[role] ? [[role, all[role].slice(0, MAX_HOLDERS)]] : [])),
  );
}
