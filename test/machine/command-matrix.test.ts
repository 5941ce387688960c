import { describe, expect, it } from 'vitest';
import type { CommandType } from '../../src/domain/item/commands.ts';
import { PLACES, type Place } from '../../src/domain/item/stages.ts';
import { isOwnerRole, ROLES, type Role } from '../../src/domain/people/roles.ts';
import { COMMAND_TABLE } from './command-table.ts';
import { actorsOf, CAST, type TestRun } from './item-fixture.ts';
import { RUN_AT, toReviewing } from './item-journeys.ts';
import { completeCommand } from './item-payloads.ts';

const COMMANDS = Object.keys(COMMAND_TABLE) as CommandType[];
const IS_FINAL: readonly Place[] = ['closed', 'cancelled'];

/** What the table says of one attempt: the codes that must be unmet; none means it is accepted. */
function expected(type: CommandType, place: Place, role: Role, isSame: boolean): string[] {
  if (IS_FINAL.includes(place)) return ['item_closed'];
  const allowed = COMMAND_TABLE[type][place];
  const isHandoff = type === 'accept_handoff' || type === 'decline_handoff';
  if (allowed === undefined || allowed.only === 'refused') return ['in_stage'];
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
        const tried = run.fork();
        if (codes.length > 0) {
          expect(() => tried.send(asked), `${role} ${who} refused`).toThrow();
          expect([tried.snapshot, tried.types]).toEqual([run.snapshot, run.types]);
        } else {
          expect(tried.send(asked).length, `${role} ${who} accepted`).toBeGreaterThan(0);
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
