import { describe, expect, it } from 'vitest';
import type { CommandType } from '../../src/domain/item/commands.ts';
import { stepItem } from '../../src/domain/item/run.ts';
import { PLACES, type Place } from '../../src/domain/item/stages.ts';
import { isOwnerRole, ROLES, type Role } from '../../src/domain/people/roles.ts';
import { actorsOf, CAST, type TestRun } from './item-fixture.ts';
import { RUN_AT, toReviewing } from './item-journeys.ts';
import { completeCommand } from './item-payloads.ts';

/**
 * Who may give each command where, written down from the tables of docs/machine.md's source, the
 * design, and not from COMMAND_RULES: the two are held against each other here.
 */
interface Allowed {
  by: readonly Role[];
  /** `receiver`: only the assignee; `not_author`: nobody who wrote or submitted a version. */
  who?: 'receiver' | 'not_author';
  /** What a complete command still lacks in the place as the test prepares it. */
  lacks?: readonly string[];
}

type Row = Partial<Record<Place, Allowed>>;

const STRATEGIST = { by: ['strategist'] } as const;
const CREATOR = { by: ['creator'] } as const;
const MANAGER = { by: ['social_media_manager'] } as const;
const STRATEGIST_OR_ADMIN = { by: ['strategist', 'admin'] } as const;

function everywhere(places: readonly Place[], allowed: Allowed): Row {
  return Object.fromEntries(places.map((place) => [place, allowed]));
}

const OPEN = PLACES.slice(0, 11);

const TABLE: Record<CommandType, Row> = {
  save_brief: everywhere(
    [
      'briefing.drafting',
      'briefing.offered',
      'creation.drafting',
      'review.deciding',
      'scheduling.offered',
      'scheduling.planning',
      'scheduled',
    ],
    STRATEGIST,
  ),
  offer_handoff: { 'briefing.drafting': STRATEGIST },
  withdraw_handoff: { 'briefing.offered': STRATEGIST },
  accept_handoff: {
    'briefing.offered': { ...CREATOR, who: 'receiver' },
    'scheduling.offered': { ...MANAGER, who: 'receiver' },
  },
  decline_handoff: {
    'briefing.offered': { ...CREATOR, who: 'receiver' },
    'scheduling.offered': { ...MANAGER, who: 'receiver' },
  },
  save_draft: everywhere(
    [
      'creation.drafting',
      'review.deciding',
      'scheduling.offered',
      'scheduling.planning',
      'scheduled',
      'publishing',
    ],
    CREATOR,
  ),
  submit_for_review: { 'creation.drafting': CREATOR },
  acknowledge_revision: {
    'creation.drafting': { ...STRATEGIST, lacks: ['revision_past_limit'] },
  },
  decide_approval: { 'review.deciding': { by: ['editor'], who: 'not_author' } },
  plan_schedule: everywhere(
    [
      'creation.drafting',
      'review.deciding',
      'scheduling.offered',
      'scheduling.planning',
      'scheduled',
      'publishing',
    ],
    MANAGER,
  ),
  unschedule: everywhere(['scheduled', 'publishing'], MANAGER),
  skip_publication: {
    'scheduling.planning': {
      ...MANAGER,
      lacks: ['publication_planned', 'another_publication'],
    },
    scheduled: MANAGER,
    publishing: MANAGER,
  },
  resolve_publication: {
    ...everywhere(OPEN, { ...MANAGER, lacks: ['is_unknown_or_missed'] }),
    publishing: MANAGER,
  },
  open_kpi_review: { measuring: STRATEGIST },
  sign_off: {
    kpi_review: { by: ['strategist', 'creator', 'social_media_manager'] },
  },
  hold: {
    'briefing.drafting': STRATEGIST_OR_ADMIN,
    'briefing.offered': STRATEGIST_OR_ADMIN,
    'creation.drafting': { by: ['creator', 'admin'] },
    'review.deciding': { by: ['editor', 'admin'] },
    'scheduling.offered': { by: ['social_media_manager', 'admin'] },
    'scheduling.planning': { by: ['social_media_manager', 'admin'] },
    scheduled: { by: ['social_media_manager', 'admin'] },
    publishing: { by: ['social_media_manager', 'admin'] },
    measuring: STRATEGIST_OR_ADMIN,
    kpi_review: { by: ['strategist', 'creator', 'social_media_manager', 'admin'] },
  },
  resume: { on_hold: { by: ['social_media_manager', 'admin'] } },
  cancel: everywhere(OPEN, STRATEGIST_OR_ADMIN),
  reassign: {
    'briefing.drafting': STRATEGIST_OR_ADMIN,
    'briefing.offered': STRATEGIST_OR_ADMIN,
    'creation.drafting': { by: ['strategist', 'creator', 'admin'] },
    'review.deciding': { by: ['strategist', 'editor', 'admin'] },
    'scheduling.offered': { by: ['strategist', 'social_media_manager', 'admin'] },
    'scheduling.planning': { by: ['strategist', 'social_media_manager', 'admin'] },
    scheduled: { by: ['strategist', 'social_media_manager', 'admin'] },
    publishing: { by: ['strategist', 'social_media_manager', 'admin'] },
    measuring: STRATEGIST_OR_ADMIN,
    kpi_review: { by: ['strategist', 'creator', 'social_media_manager', 'admin'] },
    on_hold: { by: ['strategist', 'social_media_manager', 'admin'] },
  },
  extend: {
    ...everywhere(OPEN, STRATEGIST_OR_ADMIN),
    scheduled: { ...STRATEGIST_OR_ADMIN, lacks: ['clock_running'] },
    measuring: { ...STRATEGIST_OR_ADMIN, lacks: ['clock_running'] },
  },
};

const COMMANDS = Object.keys(TABLE) as CommandType[];
const IS_FINAL: readonly Place[] = ['closed', 'cancelled'];

/** What the table says of one attempt: the codes that must be unmet; none means it is accepted. */
function expected(type: CommandType, place: Place, role: Role, isSame: boolean): string[] {
  if (IS_FINAL.includes(place)) return ['item_closed'];
  const allowed = TABLE[type][place];
  const isHandoff = type === 'accept_handoff' || type === 'decline_handoff';
  if (allowed === undefined) return ['in_stage'];
  const codes = [...(allowed.lacks ?? [])];
  if (!allowed.by.includes(role)) codes.push(isHandoff ? 'is_receiver' : 'holds_role');
  else if (allowed.who === 'receiver' && !isSame) codes.push('is_receiver');
  if (allowed.who === 'not_author' && isSame && !isOwnerRole(role)) codes.push('four_eyes');
  if (allowed.who === 'not_author' && isSame && role === 'creator') codes.push('four_eyes');
  // The strategist's decision comes first; whoever is no strategist is told so as well.
  if (type === 'sign_off' && (role === 'creator' || role === 'social_media_manager')) {
    codes.push('strategist_decides_first');
  }
  return codes;
}

function attempt(run: TestRun, type: CommandType, role: Role, who: 'same' | 'other') {
  const asked = completeCommand(type, run, actorsOf(role)[who]);
  return { asked, codes: run.unmet(asked).map(({ code }) => code) };
}

describe.each(PLACES)('in %s', (place) => {
  const run = RUN_AT[place]();

  it.each(COMMANDS)('%s is answered by role and actor as the design says', (type) => {
    for (const role of ROLES) {
      for (const who of ['same', 'other'] as const) {
        const { asked, codes } = attempt(run, type, role, who);
        const wanted = expected(type, place, role, who === 'same');
        if (wanted.includes('in_stage')) expect(codes, `${role} ${who}`).toContain('in_stage');
        else expect([...codes].sort(), `${role} ${who}`).toEqual([...wanted].sort());
        const step = stepItem(run.snapshot, asked);
        if (codes.length > 0) {
          expect(step.snapshot, `${role} ${who} refused`).toEqual(run.snapshot);
          expect([...step.records, ...step.effects]).toEqual([]);
        } else {
          expect(step.records.length, `${role} ${who} accepted`).toBeGreaterThan(0);
        }
      }
    }
  });
});

describe('once the strategist has signed', () => {
  const run = toReviewing();
  run.give('sign_off', CAST.strategist, { role: 'strategist', decision: 'scale' });
  const may: Partial<Record<Role, string[]>> = {
    strategist: ['not_decided_before'],
    creator: [],
    social_media_manager: [],
  };

  it.each(ROLES)('%s', (role) => {
    for (const who of ['same', 'other'] as const) {
      const { codes } = attempt(run, 'sign_off', role, who);
      expect(codes).toEqual(may[role] ?? ['holds_role']);
    }
  });
});

describe('a refusal about the actor alone', () => {
  it('is told apart from one about the item', () => {
    const run = RUN_AT['review.deciding']();
    expect(attempt(run, 'decide_approval', 'legal', 'other').codes).toEqual(['holds_role']);
    expect(attempt(run, 'decide_approval', 'editor', 'same').codes).toEqual(['four_eyes']);
  });
});
