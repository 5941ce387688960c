import { describe, expect, it } from 'vitest';
import type { CommandType } from '../../src/domain/item/commands.ts';
import { REQUIREMENT_CODES, type Unmet } from '../../src/domain/item/requirements/catalogue.ts';
import { COMMAND_TYPES } from '../../src/domain/item/rules.ts';
import { ROLES } from '../../src/domain/people/roles.ts';
import {
  ACCOUNTS,
  actorsOf,
  briefDigest,
  CAST,
  draftDigest,
  later,
  type TestRun,
} from './item-fixture.ts';
import {
  approve,
  RUN_AT,
  send,
  submit,
  toRefused,
  toReviewedRefusal,
  toReviewing,
  toScheduled,
} from './item-journeys.ts';
import { completeCommand } from './item-payloads.ts';
import { CASES } from './requirement-cases.ts';

/**
 * Codes that the complete command of an allowed action may still be refused with, and why: its
 * payload breaks them where another would not. None: the complete payloads break nothing. What is
 * not named here `actions` has to foresee.
 */
const OF_THE_PAYLOAD: Partial<Record<CommandType, Partial<Record<Unmet['code'], string>>>> = {};

/** The places of the exhaustive tests, and moments where what stands is in the way of what is asked. */
const RUNS: Record<string, () => TestRun> = {
  ...RUN_AT,
  'scheduling.planning with a slot before the embargo of a new brief': () => {
    const run = toScheduled(ACCOUNTS.sandbox);
    const embargoUntil = later(run.publication(ACCOUNTS.sandbox).at, 1);
    run.give('save_brief', CAST.strategist, { brief: briefDigest({ hash: 'b2', embargoUntil }) });
    submit(run);
    approve(run);
    run.give('accept_handoff', CAST.manager, {});
    return run;
  },
  'publishing with a send under way': () => {
    const run = toScheduled(ACCOUNTS.sandbox, ACCOUNTS.mastodon);
    send(run, ACCOUNTS.sandbox, 'sending');
    return run;
  },
  'publishing with an unknown outcome': () => {
    const run = toScheduled(ACCOUNTS.sandbox, ACCOUNTS.mastodon);
    send(run, ACCOUNTS.sandbox, 'unknown');
    return run;
  },
  'creation.drafting with a refused post': () => {
    const run = toScheduled(ACCOUNTS.sandbox, ACCOUNTS.mastodon);
    send(run, ACCOUNTS.sandbox, 'rejected');
    run.give('save_draft', CAST.creator, { draft: draftDigest(2) });
    return run;
  },
  'publishing with a refused post beside a send under way': () => {
    const run = toScheduled(ACCOUNTS.sandbox, ACCOUNTS.mastodon);
    send(run, ACCOUNTS.sandbox, 'rejected');
    send(run, ACCOUNTS.mastodon, 'sending');
    return run;
  },
  'measuring with a refused post': () => toRefused(),
  'kpi_review with a refused post': () => toReviewedRefusal(),
  'on_hold with a refused post': () => {
    const run = toRefused();
    run.give('hold', CAST.strategist, { reason: 'a crisis' });
    return run;
  },
  'kpi_review after the decision of the strategist': () => {
    const run = toReviewing();
    run.give('sign_off', CAST.strategist, { role: 'strategist', decision: 'scale' });
    return run;
  },
};

describe.each(Object.keys(RUNS))('in %s', (name) => {
  const run = RUNS[name]?.() ?? expect.fail(`no run ${name}`);

  it.each(COMMAND_TYPES)('%s is told as its complete command is answered', (type) => {
    const ofThePayload = Object.keys(OF_THE_PAYLOAD[type] ?? {});
    for (const role of ROLES) {
      for (const [who, by] of Object.entries(actorsOf(role))) {
        const told = run.obstacles(type, by);
        const answered = run.unmet(completeCommand(type, run, by)).map(({ code }) => code);
        if (told.length > 0) {
          expect(answered, `${role} ${who}`).toEqual(expect.arrayContaining(told));
        } else {
          const untold = answered.filter((code) => !ofThePayload.includes(code));
          expect(untold, `${role} ${who}`).toEqual([]);
        }
      }
    }
  });
});

describe.each(REQUIREMENT_CODES)('a command that meets %s', (code) => {
  it('is told as allowed', () => {
    const { run, asked } = CASES[code].allowed();
    expect(run.unmet(asked)).toEqual([]);
    expect(run.obstacles(asked.type, asked.actor, asked.facts)).toEqual([]);
  });
});
