import { describe, expect, it } from 'vitest';
import { REQUIREMENT_CODES } from '../../src/domain/item/requirements/catalogue.ts';
import { COMMAND_RULES, COMMAND_TYPES } from '../../src/domain/item/rules.ts';
import { ACCOUNTS, CAST, DAY, HOUR, later, MINUTE, slot, type TestRun } from './item-fixture.ts';
import { send, toPlanning } from './item-journeys.ts';
import { resolved, withUnknown } from './requirement-attempts.ts';
import { CASES } from './requirement-cases.ts';

function withTwoUnknown(): TestRun {
  const run = toPlanning();
  const at = later(run.at, DAY);
  const publications = [slot(ACCOUNTS.sandbox, at), slot(ACCOUNTS.second, at)];
  run.give('plan_schedule', CAST.manager, { publications }, { slots: [] });
  send(run, ACCOUNTS.second, 'unknown');
  send(run, ACCOUNTS.sandbox, 'unknown');
  return run;
}

describe.each(REQUIREMENT_CODES)('requirement %s', (code) => {
  it('is named when it is not met', () => {
    const { run, asked } = CASES[code].refused();
    const codes: string[] = run.unmet(asked).map((unmet) => unmet.code);
    if (code === 'checklist_complete') expect(codes).toEqual(['checklist.matches_brief']);
    else expect(codes).toContain(code);
    expect(run.unmet(asked).every(({ message }) => message.length > 0)).toBe(true);
  });

  it('lets the same command pass when it is met', () => {
    const { run, asked } = CASES[code].allowed();
    expect(run.unmet(asked)).toEqual([]);
  });
});

describe('the rules', () => {
  it('use every requirement', () => {
    const used = new Set<string>(COMMAND_TYPES.flatMap((type) => COMMAND_RULES[type].requires));
    const standing = ['item_closed', 'basis_changed', 'command_expired', 'in_stage', 'holds_role'];
    expect(REQUIREMENT_CODES.filter((code) => !used.has(code) && !standing.includes(code))).toEqual(
      [],
    );
  });

  it('name every unmet requirement of a command at once', () => {
    const run = withTwoUnknown();
    const { asked } = resolved(run, {
      outcome: 'publish_again',
      slot: slot(ACCOUNTS.mastodon, later(run.at, -HOUR)),
      evidence: ' ',
    });
    expect(run.unmet(asked).map(({ code }) => code)).toEqual([
      'evidence_given',
      'nothing_unknown',
      'slot_valid',
      'slot_in_future',
    ]);
  });

  it('ask of publish_again and reschedule what planning asks', () => {
    const run = withUnknown();
    const again = (at: string) =>
      run
        .unmet(resolved(run, { outcome: 'publish_again', slot: slot(ACCOUNTS.sandbox, at) }).asked)
        .map(({ code }) => code);
    expect(again(later(run.at, MINUTE))).toEqual([]);
    expect(again(later(run.at, -MINUTE))).toEqual(['slot_in_future']);
    expect(run.unmet(resolved(run, { outcome: 'publish_again' }).asked)).toMatchObject([
      { code: 'slot_valid' },
    ]);
  });
});
