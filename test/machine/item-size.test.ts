import { defaultPayloadConverter } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { keptOutcome } from '../../src/domain/channel/publication-intent.ts';
import { COMMAND_BODIES, StartItemBody } from '../../src/domain/item/command-bodies.ts';
import { keepAnswers } from '../../src/domain/item/commands/kept-answers.ts';
import type { CommandAnswer } from '../../src/domain/item/record-schema.ts';
import {
  ANSWER_BYTES,
  BATCH_BYTES,
  CARRIED_EVENT_BYTES,
  ITEM_BYTES,
  itemBytes,
  jsonBytes,
  KEPT_TEXT_BYTES,
  MAX_SLOT_MESSAGES,
  MAX_VIOLATIONS,
  MESSAGE_BYTES,
  publicationReserve,
  TASK_BYTES,
} from '../../src/domain/item/size.ts';
import { PlatformTags } from '../../src/domain/people/member.ts';
import { ROLES } from '../../src/domain/people/roles.ts';
import { pinPlaybook } from '../../src/domain/playbook/pin.ts';
import { Playbook } from '../../src/domain/playbook/playbook.ts';
import { STANDARD_PLAYBOOK } from '../../src/domain/playbook/standard.ts';
import { createPayloadCodec } from '../../src/engine/payload-codec.ts';
import type { ContinuedInput, WaitingSend } from '../../src/workflows/messages.ts';
import { attemptsOf } from '../../src/workflows/send-pace.ts';
import { largestOf } from '../support/schema-size.ts';
import { CAST, DAY, HOUR, later, PLAYBOOK, START, type TestRun } from './item-fixture.ts';
import { toPlanning, toReviewing } from './item-journeys.ts';
import { fullItem } from './requirement-attempts.ts';

/** The engine's own limits: of a payload, of a warning, of one gRPC message, of a history. */
const ENGINE = {
  payload: 2 * 1_024 * 1_024,
  payloadWarning: 512 * 1_024,
  message: 4 * 1_024 * 1_024,
  historyEvents: 51_200,
  historyBytes: 50 * 1_024 * 1_024,
};
const HALF_A_WARNING = ENGINE.payloadWarning / 2;
/** What commands that only end or move something may add to a full item. */
const ENDING_BYTES = 4_000;
const LARGEST_STATE = ITEM_BYTES + ENDING_BYTES;

/** Kept as rows: they never reach the run. */
const TEXTS_OF_ROWS = ['comment', 'note', 'learnings'];
/** Entries that one attempt to send leaves in a history: a wait, a send, a look-up, and their tasks. */
const ENTRIES_PER_ATTEMPT = 17;
const MAX_HOLDERS = 200;
const ID_BYTES = 40;
/** What every further run of an item begins with. */
const CONTINUED_BYTES = 128_000;
const LONG = '\u0001'.repeat(4_000);

/** A playbook with as much of everything as its schema allows. */
const LARGEST_PLAYBOOK = pinPlaybook(
  Playbook.parse({
    ...STANDARD_PLAYBOOK,
    name: 'p'.repeat(60),
    checkpoints: Array.from({ length: 12 }, (_, index) => ({
      name: `+${index + 1}d`,
      required: true,
    })),
    checklists: {
      brief: longChecklist('b'),
      review: longChecklist('r'),
    },
  }),
);

/** The same with the checklists that the people of these tests tick. */
const LONG_MEASURED = { ...LARGEST_PLAYBOOK, checklists: PLAYBOOK.checklists };

function longChecklist(letter: string) {
  return Array.from({ length: 40 }, (_, index) => ({
    code: `${letter}${String(index).padStart(2, '0')}${'c'.repeat(57)}`,
    label: 'x',
    kind: 'human' as const,
  }));
}

function account(index: number) {
  return { channelAccountId: `cha_${String(index).padStart(26, '0')}`, channel: 'sandbox' };
}

/** Slots on one account after the other, until the item is full. */
function plannedFull(run: TestRun): TestRun {
  const at = later(run.at, DAY);
  for (let index = 0; ; index += 1) {
    const publications = [{ ...account(index), at, local: at.slice(0, 19), zone: 'UTC' }];
    const refused = run.refusal('plan_schedule', CAST.manager, { publications }, { slots: [] });
    if (refused.length > 0) {
      expect(refused).toEqual(['item_has_room']);
      return run;
    }
    run.give('plan_schedule', CAST.manager, { publications }, { slots: [] });
  }
}

/** Every post of a plan goes out, with the longest answer that a network may give. */
function sendAll(run: TestRun): void {
  const due = run.context.publications.map(({ id }) => id);
  run.at = later(run.at, DAY);
  for (const publicationId of due) {
    const about = { at: run.at, publicationId };
    run.happen({ type: 'publication_due', ...about });
    run.happen({ type: 'publication_sending', ...about });
    const answer = keptOutcome({
      evidence: LONG,
      remoteId: 'r'.repeat(300),
      permalink: 'p'.repeat(600),
    });
    run.happen({ type: 'publication_settled', ...about, outcome: 'published', ...answer });
  }
}

/** The longest that a run knows of a post between two attempts. */
function waitingSend(publicationId: string): WaitingSend {
  const most = 9_999_999_999_999;
  return {
    publicationId,
    until: most,
    state: { isFirst: false, again: false, why: 'w'.repeat(300), part: most, of: most },
    pace: { total: most, attempts: most, sends: most, notTaken: most, waits: most },
  };
}

function manyAnswers(count: number): [string, CommandAnswer][] {
  return Array.from({ length: count }, (_, seq) => [
    `http:key_${'k'.repeat(26)}:${'c'.repeat(64)}${seq}`,
    { seq, stage: 'creation', substage: 'drafting', hash: 'h'.repeat(64) },
  ]);
}

describe('what people send', () => {
  const schemas = Object.entries({
    ...COMMAND_BODIES,
    start_item: StartItemBody,
    Playbook,
    PlatformTags,
  });

  it.each(schemas)('%s has a bound on every text, list and table', (_, schema) => {
    expect(largestOf(schema).unbounded).toEqual([]);
  });
});

describe('the largest item', () => {
  it('is refused what does not fit, and can always be ended', () => {
    const run = fullItem();
    expect(itemBytes(run.context)).toBeLessThanOrEqual(LARGEST_STATE);
    run.give('hold', CAST.strategist, { reason: LONG });
    run.give('resume', CAST.strategist, { reason: LONG });
    run.give('cancel', CAST.strategist, { reason: LONG });
    expect(run.place).toBe('cancelled');
    expect(jsonBytes(run.snapshot)).toBeLessThanOrEqual(LARGEST_STATE);
  });

  it('has room for the twenty accounts of one plan, by the longest playbook', () => {
    const run = plannedFull(toPlanning({ playbook: LONG_MEASURED }));
    expect(run.context.publications.length).toBeGreaterThanOrEqual(15);
    const standard = plannedFull(toPlanning());
    expect(standard.context.publications.length).toBeGreaterThanOrEqual(20);
  });

  it.each([
    ['the standard playbook', undefined],
    ['one with every checkpoint', LONG_MEASURED],
  ])('keeps its bound while every post goes out, by %s', (_, playbook) => {
    const run = plannedFull(toPlanning(playbook === undefined ? {} : { playbook }));
    const before = run.context.publications.length;
    sendAll(run);
    expect(run.context.publications.filter(({ state }) => state === 'published')).toHaveLength(
      before,
    );
    expect(jsonBytes(run.snapshot)).toBeLessThanOrEqual(LARGEST_STATE);
  });

  it('keeps of a network and of a person what it has room for', () => {
    const run = plannedFull(toPlanning());
    run.give('unschedule', CAST.manager, { reason: LONG });
    expect(jsonBytes(run.snapshot)).toBeLessThanOrEqual(LARGEST_STATE);
    const [first] = run.context.publications;
    expect(jsonBytes(first?.evidence ?? '')).toBeLessThanOrEqual(KEPT_TEXT_BYTES + 2);
  });

  it('is not measured for ever', () => {
    const run = toReviewing();
    const until = { role: 'strategist' as const, decision: 'extend_measurement' as const };
    const age = () => `+${Math.ceil((Date.parse(run.at) - Date.parse(START)) / HOUR) + 2}h`;
    let refused: string[] = [];
    while (refused.length === 0) {
      const refs = { ...until, extendTo: age() };
      refused = run.refusal('sign_off', CAST.strategist, refs);
      if (refused.length > 0) break;
      run.give('sign_off', CAST.strategist, refs);
      run.give('sign_off', CAST.creator, { role: 'creator', decision: 'agree' });
      run.give('sign_off', CAST.manager, { role: 'social_media_manager', decision: 'agree' });
      while (run.place !== 'kpi_review') run.wait(HOUR);
      const reviewId = run.context.reviews.at(-1)?.id ?? '';
      run.happen({ type: 'review_frozen', at: run.at, reviewId, hash: 'f'.repeat(64) });
    }
    expect(refused).toEqual(['item_has_room']);
    expect(
      run.refusal('sign_off', CAST.strategist, { role: 'strategist', decision: 'scale' }),
    ).toEqual([]);
    expect(jsonBytes(run.snapshot)).toBeLessThanOrEqual(LARGEST_STATE);
  });
});

describe('what a run is given, gives and goes on with', () => {
  const slotMessages = MAX_SLOT_MESSAGES * (MESSAGE_BYTES + 60);
  const plan = 20;
  const posts = plannedFull(toPlanning()).context.publications.length;
  const start = jsonBytes(LARGEST_PLAYBOOK) + 6_000;
  const answer = plan * slotMessages + (LARGEST_STATE / 500) * 180 + 400;
  const events = (plan + posts) * 600 + plan * slotMessages;

  it('a command takes less than half of a warning', () => {
    const refs = Object.entries(COMMAND_BODIES)
      .filter(([type]) => type !== 'save_brief' && type !== 'save_draft')
      .map(([, schema]) => {
        const bodies = schema.shape as Record<string, z.ZodType>;
        const refs = Object.entries(bodies).filter(([name]) => !TEXTS_OF_ROWS.includes(name));
        return largestOf(z.object(Object.fromEntries(refs))).bytes;
      });
    const facts =
      ROLES.length * MAX_HOLDERS * (ID_BYTES + 3) +
      MAX_VIOLATIONS * (MESSAGE_BYTES + 3) +
      (plan + posts) * 2 * slotMessages;
    const actor = largestOf(PlatformTags).bytes + 200 * (ID_BYTES + 3) + ROLES.length * 30;
    expect(Math.max(...refs)).toBeLessThan(60_000);
    // Slots and holders are never asked for by the same command.
    expect(Math.max(...refs) + facts / 2 + actor).toBeLessThan(HALF_A_WARNING);
  });

  it('an answer takes less than half of a warning', () => {
    expect(LARGEST_STATE + answer + events).toBeLessThan(HALF_A_WARNING);
  });

  it('a batch for the tables takes less than half of a warning', () => {
    expect(LARGEST_STATE + BATCH_BYTES).toBeLessThan(HALF_A_WARNING);
  });

  it('a start takes less than half of a warning', () => {
    expect(start).toBeLessThan(HALF_A_WARNING);
  });

  it('a continued run takes less than 128 kB, encrypted as well', async () => {
    expect(LARGEST_STATE + ANSWER_BYTES + CARRIED_EVENT_BYTES + 2_000).toBeLessThan(
      CONTINUED_BYTES,
    );
    const run = plannedFull(toPlanning({ playbook: LONG_MEASURED }));
    const sends = run.context.publications.map(({ id }) => waitingSend(id));
    // What is kept free for open posts holds how far they have come.
    const free = LARGEST_STATE - jsonBytes(run.snapshot) - jsonBytes(sends);
    const padding = { filler: 'f'.repeat(free) };
    const input: ContinuedInput = {
      item: { workspaceId: 'w'.repeat(ID_BYTES), itemId: 'i'.repeat(ID_BYTES) },
      continued: {
        snapshot: { ...run.snapshot, ...padding },
        head: { seq: 1_000_000, hash: 'f'.repeat(64) },
        unprojected: [],
        sends,
        ...keepAnswers(manyAnswers(2_000)),
      },
    };
    const events = 'e'.repeat(CARRIED_EVENT_BYTES);
    const key = { id: 'k'.repeat(8), bytes: Buffer.alloc(32, 7) };
    const codec = createPayloadCodec({ current: key, all: [key] });
    const plain = defaultPayloadConverter.toPayload([input, events]);
    const [sealed] = await codec.encode([plain]);
    expect(sealed?.data?.length).toBeGreaterThan(jsonBytes(input));
    expect(sealed?.data?.length).toBeLessThan(CONTINUED_BYTES);
  });

  it('how far a post has come fits into what is kept free for its end', () => {
    const carried = jsonBytes(waitingSend('p'.repeat(ID_BYTES)));
    expect(carried).toBeLessThan(publicationReserve({ playbook: LONG_MEASURED }));
  });

  it('what the sends of one task carry together takes less than half of a message', () => {
    expect(TASK_BYTES + posts * 4_000).toBeLessThan(ENGINE.message / 2);
  });

  it('a history stays under half of its limits', () => {
    const attempts = posts * attemptsOf(posts);
    expect(1_500 + attempts * ENTRIES_PER_ATTEMPT).toBeLessThanOrEqual(ENGINE.historyEvents / 2);
    // An order and its answer, twice: for the send and for the look-up.
    const attemptBytes = 2 * (1_000 + 2 * KEPT_TEXT_BYTES + 600);
    const bytes = 1_500_000 + attempts * attemptBytes + posts * (LARGEST_STATE + BATCH_BYTES);
    expect(bytes).toBeLessThan(ENGINE.historyBytes / 2);
  });

  it('half of a warning is less than half of every hard limit', () => {
    expect(HALF_A_WARNING).toBeLessThan(ENGINE.payload / 2);
    expect(2 * HALF_A_WARNING).toBeLessThan(ENGINE.message / 2);
  });
});
