import { describe, expect, it } from 'vitest';
import { toBriefing, toReview, toScheduled } from '../../../test/machine/item-journeys.ts';
import { ROLES, type Role } from '../people/roles.ts';
import { REPAIRS, type Repair } from './finding-catalogue.ts';
import { rolesForRepair } from './repair-rights.ts';

const SMM = ['social_media_manager'] as const satisfies Role[];
const LEAD = ['strategist', 'admin'] as const satisfies Role[];

/** Who may do what while an item is scheduled: the social media manager answers for it. */
const SCHEDULED: Record<Repair, readonly Role[]> = {
  resend_command: ['admin', ...SMM],
  rebuild_row: ['admin', ...SMM],
  retry_step: ['admin', ...SMM],
  replace_run: ['admin'],
  terminate_run: ['admin'],
  continue_run: ['admin'],
  replay_delivery: ['admin'],
  restart_watch: ['admin'],
  remind: ['strategist', 'creator', 'social_media_manager', 'admin'],
  recheck: ROLES,
  decide_approval: ['editor'],
  withdraw_handoff: ['strategist'],
  decline_handoff: SMM,
  plan_schedule: SMM,
  unschedule: SMM,
  skip_publication: SMM,
  resolve_publication: SMM,
  sign_off: ['strategist', 'creator', 'social_media_manager'],
  resume: ['admin', ...SMM],
  cancel: LEAD,
  reassign: [...LEAD, ...SMM],
  extend: LEAD,
  add_readings: ['strategist', 'creator', 'social_media_manager', 'admin'],
  replace_credentials: ['admin', ...SMM],
  check_source: ['admin', ...SMM],
};

describe('a repair is for', () => {
  const cases = REPAIRS.flatMap((repair) => ROLES.map((role) => ({ repair, role })));

  it.each(cases)('$repair by $role', ({ repair, role }) => {
    const may = rolesForRepair(repair, toScheduled()).includes(role);
    expect(may).toBe(SCHEDULED[repair].includes(role));
  });

  it('whoever answers for the item where it is', () => {
    expect(rolesForRepair('retry_step', toBriefing())).toEqual(['admin', 'strategist']);
    expect(rolesForRepair('retry_step', toReview())).toEqual(['admin', 'editor']);
  });

  it('the admin alone, where no item answers, and its request or a second look do not say more', () => {
    for (const repair of REPAIRS) {
      const roles = rolesForRepair(repair, null);
      expect(roles).toContain('admin');
      if (!['recheck', 'add_readings', 'replace_credentials', 'check_source'].includes(repair)) {
        expect(roles, repair).toEqual(['admin']);
      }
    }
  });
});
