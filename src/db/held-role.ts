import type { Db } from './client.ts';
import { acrossWorkspaces } from './workspace-scope.ts';

/** What is wrong with a role that row security does not hold. */
export const HELD_ROLE_RULE =
  'names a role that row security does not hold, because it owns the tables or may pass it by: ' +
  'use one that is a member of baton_program (docs/production.md)';

const QUESTION = `
  select not (r.rolsuper or r.rolbypassrls or pg_has_role(r.oid, c.relowner, 'member')) as held
  from pg_roles r, pg_class c
  where r.rolname = current_user and c.oid = to_regclass('items')`;

/**
 * Whether row security holds whoever is connected. True as well while the database does not answer or
 * has no tables yet: then nothing can be read, and `/readyz` says so.
 */
export async function isRoleHeld(db: Db): Promise<boolean> {
  try {
    const { rows } = await acrossWorkspaces('no_workspace', () => db.$client.query(QUESTION));
    return rows[0]?.held ?? true;
  } catch {
    return true;
  }
}
