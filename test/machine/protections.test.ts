import { afterEach, describe, expect, it, vi } from 'vitest';
import type { CommandType } from '../../src/domain/item/commands.ts';
import type { CommandRule } from '../../src/domain/item/moves/command.ts';
import type { RequirementCode } from '../../src/domain/item/requirements/catalogue.ts';
import { CAST } from './item-fixture.ts';
import type { World } from './item-world.ts';

/**
 * Negative controls: each protection is taken away and the invariants must notice. A protection
 * whose absence nothing notices would not be tested by the other files either.
 */
const WORLD: World = {
  accounts: ['mastodon'],
  briefs: ['brief a'],
  drafts: [1, 2],
  creators: [CAST.creator],
  editors: [CAST.editor],
  extras: ['unschedule'],
  outcomes: ['published', 'unknown', 'hash_mismatch'],
  insists: false,
  careless: true,
  campaign: false,
  overdue: 'none',
};

const STATES = 400;

type Beginning =
  | 'in briefing'
  | 'in planning'
  | 'half published'
  | 'half refused'
  | 'in review of the KPIs';

/** The machine is loaded anew, with what a test put in place of one of its modules. */
async function faultFrom(beginning: Beginning) {
  const { firstFault } = await import('./item-graph.ts');
  const { freeze, plan, send, toPlanning } = await import('./item-journeys.ts');
  const { ACCOUNTS, TestRun } = await import('./item-fixture.ts');
  const { worldInput } = await import('./item-world.ts');
  const start = (): InstanceType<typeof TestRun> => {
    if (beginning === 'in briefing') return new TestRun(worldInput(WORLD));
    const run = toPlanning(worldInput(WORLD));
    if (beginning === 'in planning') return run;
    const isHalf = beginning === 'half published' || beginning === 'half refused';
    plan(run, ACCOUNTS.mastodon, ...(isHalf ? [ACCOUNTS.sandbox] : []));
    send(run, ACCOUNTS.mastodon);
    if (beginning === 'half refused') send(run, ACCOUNTS.sandbox, 'rejected');
    if (isHalf) return run;
    run.wait(2 * 3_600_000);
    freeze(run);
    return run;
  };
  return firstFault(WORLD, { from: start().snapshot, limit: STATES });
}

afterEach(() => {
  vi.doUnmock('../../src/domain/item/rules.ts');
  vi.doUnmock('../../src/domain/item/slots.ts');
  vi.doUnmock('../../src/domain/item/moves/approval.ts');
  vi.doUnmock('../../src/domain/item/context.ts');
  vi.resetModules();
});

/** Takes a requirement out of a command's rule. */
function without(type: CommandType, code: RequirementCode): void {
  vi.resetModules();
  vi.doMock('../../src/domain/item/rules.ts', async (original) => {
    const module = await original<{ COMMAND_RULES: Record<CommandType, CommandRule> }>();
    const rule = module.COMMAND_RULES[type];
    const requires = rule.requires.filter((other) => other !== code);
    return { ...module, COMMAND_RULES: { ...module.COMMAND_RULES, [type]: { ...rule, requires } } };
  });
}

describe('with every protection in place', () => {
  it.each<Beginning>([
    'in briefing',
    'in planning',
    'half published',
    'half refused',
    'in review of the KPIs',
  ])(
    'careless people and late services break no invariant from %s on',
    async (beginning) => {
      expect(await faultFrom(beginning)).toBeNull();
    },
    60_000,
  );
});

describe('without a requirement', () => {
  it.each<[CommandType, RequirementCode, Beginning, string]>([
    [
      'offer_handoff',
      'checklist_complete',
      'in briefing',
      'a brief is handed over with its checklist',
    ],
    ['accept_handoff', 'is_receiver', 'in briefing', 'a handoff is accepted by whom it is for'],
    ['accept_handoff', 'current_handoff', 'in briefing', 'what is accepted is what is offered'],
    [
      'submit_for_review',
      'checklist_complete',
      'in briefing',
      'a draft is submitted with its checklist',
    ],
    [
      'submit_for_review',
      'revision_acknowledged',
      'in briefing',
      'a revision past the limit is acknowledged',
    ],
    ['decide_approval', 'four_eyes', 'in briefing', 'no approver is an author'],
    [
      'decide_approval',
      'current_hash',
      'in briefing',
      'a decision is about the content of its set',
    ],
    ['plan_schedule', 'account_free', 'in planning', 'one live record per account'],
    ['plan_schedule', 'slot_in_future', 'in planning', 'nothing is planned for the past'],
    [
      'plan_schedule',
      'replaces_post',
      'half refused',
      'once the posts are out, a plan only replaces one that is not',
    ],
    [
      'skip_publication',
      'reason_given',
      'half refused',
      'a refused post is settled by a person only',
    ],
    ['save_draft', 'nothing_sending', 'in planning', 'no edit while sending'],
    [
      'save_draft',
      'variant_frozen',
      'half published',
      'the variant of what is out, or may be, is frozen',
    ],
    [
      'save_brief',
      'targets_unfrozen',
      'half published',
      'targets stay once something is published',
    ],
    ['unschedule', 'nothing_sending', 'in planning', 'no leaving while sending'],
    ['hold', 'nothing_sending', 'in planning', 'no leaving while sending'],
    ['cancel', 'nothing_sending', 'in planning', 'no leaving while sending'],
    ['cancel', 'nothing_unknown', 'in planning', 'cancelled: no slot'],
    [
      'open_kpi_review',
      'one_checkpoint_recorded',
      'in planning',
      'a review is asked for once something is measured',
    ],
    ['sign_off', 'not_decided_before', 'in review of the KPIs', 'a role signs a review once'],
    ['sign_off', 'strategist_decides_first', 'in review of the KPIs', 'the strategist signs first'],
    [
      'sign_off',
      'verdicts_seen',
      'in review of the KPIs',
      'who signs has seen the verdicts of this review',
    ],
  ])(
    '%s lets %s pass, and the invariants notice',
    async (type, code, beginning, fault) => {
      without(type, code);
      expect((await faultFrom(beginning))?.fault).toBe(fault);
    },
    60_000,
  );
});

/** Puts something else in the place of one export of a module of the machine. */
function instead(path: string, change: (module: Record<string, unknown>) => object): void {
  vi.resetModules();
  vi.doMock(path, async (original) => {
    const module = await original<Record<string, unknown>>();
    return { ...module, ...change(module) };
  });
}

describe('without a rule of the records', () => {
  it('edits that void no approval are noticed', async () => {
    instead('../../src/domain/item/moves/approval.ts', () => ({
      voidApprovals: () => ({ change: {}, records: [] }),
    }));
    expect((await faultFrom('in planning'))?.fault).toBe('approvals bind to the content as it is');
  }, 60_000);

  it('slots without an end are noticed', async () => {
    instead('../../src/domain/item/slots.ts', () => ({
      slotEndsAt: () => Number.POSITIVE_INFINITY,
    }));
    expect((await faultFrom('in planning'))?.fault).toBe('a slot becomes due in time');
  }, 60_000);

  it('a settled send that is taken twice is noticed', async () => {
    instead('../../src/domain/item/context.ts', () => ({ isSending: () => true }));
    expect((await faultFrom('in planning'))?.fault).toMatch(/^a record goes from/);
  }, 60_000);
});
