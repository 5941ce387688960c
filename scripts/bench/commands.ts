import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { contentHashOf, hashOf } from '../../src/domain/canonical.ts';
import { derivedId } from '../../src/domain/ids.ts';
import type { ClockFacts, Holders } from '../../src/domain/item/commands/facts.ts';
import type { CommandType } from '../../src/domain/item/commands.ts';
import { Brief } from '../../src/domain/item/content/brief.ts';
import { digestBrief, digestDraft } from '../../src/domain/item/content/digests.ts';
import { Draft } from '../../src/domain/item/content/draft.ts';
import type { Role } from '../../src/domain/people/roles.ts';
import { STANDARD_PLAYBOOK } from '../../src/domain/playbook/standard.ts';
import type { CommandMessage } from '../../src/workflows/messages.ts';

/** A command as an HTTP client sends it. */
export interface HttpRequest {
  method: 'POST' | 'PUT';
  path: string;
  body: object;
}

/** One command, in the form of each door: as a message to a run, and as a request to the API. */
export interface Step {
  type: CommandType;
  role: Role;
  /** What the message carries beside its id and its actor. */
  payload(facts: SharedFacts): { refs: object; facts: object };
  /** What of the item the message names besides. */
  names?(itemId: string): object;
  request(itemId: string): HttpRequest;
}

/** What the API would have looked up for a message; the same for every item of the benchmark. */
export interface SharedFacts {
  clocks: ClockFacts;
  holders: Holders;
}

const root = join(import.meta.dirname, '..', '..');

/** A real article as the body, so that requests and rows have the size they have in use. */
const article = readFileSync(join(root, 'examples', 'en', 'article.md'), 'utf8');

const brief = Brief.parse({
  ...JSON.parse(readFileSync(join(root, 'examples', 'en', 'brief.json'), 'utf8')),
  // Only text: a visual would have to be uploaded before each item.
  formats: ['written'],
  channels: ['sandbox'],
});

const drafts = ['first', 'second'].map((version) =>
  Draft.parse({
    language: 'en',
    title: `Who holds the piece? (${version} version)`,
    body: article,
    variants: [
      { channel: 'sandbox', text: `Work is lost between people, not by people (${version}).` },
    ],
  }),
);

const briefHash = hashOf(brief);

/** What a standard item publishes, as its versions are stored. */
export const STANDARD_CONTENT = {
  brief: { hash: briefHash, body: brief },
  draft: { hash: hashOf(draftAt(0)), body: draftAt(0) },
} as const;

function draftAt(index: number): Draft {
  const draft = drafts[index];
  if (draft === undefined) throw new RangeError(`there is no draft ${index}`);
  return draft;
}

function contentHashAt(index: number): string {
  return contentHashOf({ briefHash, draftHash: hashOf(draftAt(index)) });
}

function humanEntries(name: 'brief' | 'review'): string[] {
  return STANDARD_PLAYBOOK.checklists[name].flatMap(({ kind, code }) =>
    kind === 'human' ? [code] : [],
  );
}

function checklistBody(name: 'brief' | 'review'): { checklist: Record<string, true> } {
  return { checklist: Object.fromEntries(humanEntries(name).map((code) => [code, true])) };
}

const saveBrief: Step = {
  type: 'save_brief',
  role: 'strategist',
  payload: ({ clocks }) => ({ refs: { brief: digestBrief(brief, 1) }, facts: { clocks } }),
  request: (itemId) => ({ method: 'PUT', path: `/v1/items/${itemId}/brief`, body: brief }),
};

const offerBrief: Step = {
  type: 'offer_handoff',
  role: 'strategist',
  payload: ({ holders }) => ({
    refs: { checklist: humanEntries('brief') },
    facts: { holders: { creator: holders.creator ?? [] } },
  }),
  request: (itemId) => ({
    method: 'POST',
    path: `/v1/items/${itemId}/handoffs`,
    body: checklistBody('brief'),
  }),
};

/** @param number the item's handoffs are counted from 1. */
function aboutHandoff(number: number, verb: 'withdraw' | 'accept', role: Role): Step {
  return {
    type: `${verb}_handoff`,
    role,
    payload: ({ clocks }) => ({ refs: {}, facts: { clocks } }),
    names: (itemId) => ({ handoffId: derivedId('handoff', itemId, number) }),
    request: (itemId) => ({
      method: 'POST',
      path: `/v1/items/${itemId}/handoffs/${derivedId('handoff', itemId, number)}/${verb}`,
      body: {},
    }),
  };
}

function saveDraft(index: number): Step {
  return {
    type: 'save_draft',
    role: 'creator',
    payload: ({ clocks }) => ({
      refs: {
        draft: digestDraft(draftAt(index), index + 1, { files: new Map(), facts: [] }),
      },
      facts: { clocks },
    }),
    request: (itemId) => ({
      method: 'PUT',
      path: `/v1/items/${itemId}/draft`,
      body: draftAt(index),
    }),
  };
}

const submit: Step = {
  type: 'submit_for_review',
  role: 'creator',
  payload: ({ clocks, holders }) => ({
    refs: { checklist: humanEntries('review') },
    facts: { clocks, holders },
  }),
  request: (itemId) => ({
    method: 'POST',
    path: `/v1/items/${itemId}/handoffs`,
    body: checklistBody('review'),
  }),
};

function decide(index: number, decision: 'approve' | 'request_changes'): Step {
  const body = {
    role: 'editor' as const,
    contentHash: contentHashAt(index),
    decision,
    ...(decision === 'request_changes' && { reason: 'off_brief' }),
  };
  return {
    type: 'decide_approval',
    role: 'editor',
    payload: ({ clocks }) => ({ refs: body, facts: { clocks } }),
    request: (itemId) => ({ method: 'POST', path: `/v1/items/${itemId}/approvals`, body }),
  };
}

/** Twelve commands, from an empty item to an approved one that the social media manager has taken. */
export const TWELVE_COMMANDS: readonly Step[] = [
  saveBrief,
  offerBrief,
  aboutHandoff(1, 'withdraw', 'strategist'),
  offerBrief,
  aboutHandoff(2, 'accept', 'creator'),
  saveDraft(0),
  submit,
  decide(0, 'request_changes'),
  saveDraft(1),
  submit,
  decide(1, 'approve'),
  aboutHandoff(3, 'accept', 'social_media_manager'),
];

/** Commands that an item refuses after the twelve: wrong stage, and wrong stage with facts to look up. */
export const REFUSED_COMMANDS: readonly Step[] = [
  {
    type: 'resume',
    role: 'social_media_manager',
    payload: ({ clocks }) => ({ refs: { reason: 'It may go on' }, facts: { clocks } }),
    request: (itemId) => ({
      method: 'POST',
      path: `/v1/items/${itemId}/resume`,
      body: { reason: 'It may go on' },
    }),
  },
  decide(1, 'approve'),
  offerBrief,
];

/** A standard item up to its slot, without a round of changes. */
export const STANDARD_ITEM: readonly Step[] = [
  saveBrief,
  offerBrief,
  aboutHandoff(1, 'accept', 'creator'),
  saveDraft(0),
  submit,
  decide(0, 'approve'),
  aboutHandoff(2, 'accept', 'social_media_manager'),
];

/**
 * Makes the messages that the steps are for an item's run. Hashes and digests are computed once per
 * step: the engine is measured, not its driver.
 */
export function messageMaker(
  facts: SharedFacts,
): (step: Step, sent: { id: string; memberId: string; itemId: string }) => CommandMessage {
  const payloads = new Map<Step, { refs: object; facts: object }>();
  return (step, { id, memberId, itemId }) => {
    const { type, role } = step;
    const payload = payloads.get(step) ?? step.payload(facts);
    payloads.set(step, payload);
    const platformTags = role === 'social_media_manager' ? { sandbox: 3 } : {};
    const actor = { memberId, roles: [role], platformTags, backupFor: [] };
    // Each step's payload is that of its own type: the runs of Baton would refuse any other.
    const refs = { ...payload.refs, ...step.names?.(itemId) };
    return { id, type, actor, refs, facts: payload.facts } as unknown as CommandMessage;
  };
}
