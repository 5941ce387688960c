import type { ItemContext } from '../item/context.ts';
import { rolesFor } from '../item/requirements/requirements.ts';
import { responsibleRoles } from '../item/responsible.ts';
import type { Place } from '../item/stages.ts';
import { OWNER_ROLES, ROLES, type Role } from '../people/roles.ts';
import {
  type AuditRepair,
  isAuditRepair,
  isCommandRepair,
  type Repair,
  type RequestRepair,
} from './finding-catalogue.ts';

/**
 * `responsible`: the roles that answer for the item, and admins. `owners`: whoever works on items, and
 * admins. `everyone`: it changes nothing.
 */
type Right = 'admin' | 'responsible' | 'owners' | 'everyone';

const RIGHTS: Record<AuditRepair, Right> = {
  resend_command: 'responsible',
  rebuild_row: 'responsible',
  retry_step: 'responsible',
  replace_run: 'admin',
  terminate_run: 'admin',
  continue_run: 'admin',
  replay_delivery: 'admin',
  restart_watch: 'admin',
  // Whoever is waited for is often the only one who answers for the item.
  remind: 'owners',
  recheck: 'everyone',
};

/** As at the requests of these names. */
const OF_REQUESTS: Record<RequestRepair, readonly Role[]> = {
  add_readings: [...OWNER_ROLES, 'admin'],
  replace_credentials: ['admin', 'social_media_manager'],
  check_source: ['admin', 'social_media_manager'],
};

/**
 * Roles that may carry out a repair.
 * @param at where the item is; null when the finding is about none that has a row.
 */
export function rolesForRepair(
  repair: Repair,
  at: { place: Place; context: ItemContext } | null,
): readonly Role[] {
  if (isCommandRepair(repair)) {
    return at === null ? ['admin'] : rolesFor(repair, at.place, at.context);
  }
  if (!isAuditRepair(repair)) return OF_REQUESTS[repair];
  const right = RIGHTS[repair];
  if (right === 'everyone') return ROLES;
  if (right === 'admin' || at === null) return ['admin'];
  const owners = right === 'owners' ? OWNER_ROLES : responsibleRoles(at.place, at.context);
  return ['admin', ...owners.filter((role) => role !== 'admin')];
}
