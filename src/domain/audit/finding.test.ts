import { describe, expect, it } from 'vitest';
import { CAST, HOLDERS, type TestRun } from '../../../test/machine/item-fixture.ts';
import { RUN_AT, toBriefing, toOffered, toReview } from '../../../test/machine/item-journeys.ts';
import type { Actor } from '../item/context.ts';
import { waitingOn } from '../item/responsible.ts';
import { PLACES } from '../item/stages.ts';
import { findingId, findingSubject, issuedFindingId } from './finding.ts';
import { FINDING_CODES, kindOf, REPAIRS, repairsFor } from './finding-catalogue.ts';
import { findingMessage } from './finding-message.ts';
import { type AuditMember, unmetOfWaits } from './finding-unmet.ts';

const CAST_LIST: Actor[] = Object.values(CAST);
const MEMBERS: AuditMember[] = CAST_LIST.map(({ memberId: id, roles, platformTags }) => ({
  id,
  roles,
  platformTags,
  backupId: null,
  active: true,
}));

function unmetOf(run: TestRun, members = MEMBERS): string[] {
  const { snapshot, at, place, context } = run;
  const item = { snapshot, at, seq: run.events.length, waitingOn: waitingOn(place, context) };
  return unmetOfWaits(item, members).map(({ code }) => code);
}

const without = (...ids: string[]) =>
  MEMBERS.map((member) => ({ ...member, active: !ids.includes(member.id) }));

describe('what stands in the way of whom an item waits for', () => {
  it('is what the guards refuse their command for', () => {
    const run = toBriefing();
    expect(unmetOf(run)).toEqual([]);
    run.snapshot.context.brief = null;
    const refused = run.refusal(
      'offer_handoff',
      CAST.strategist,
      { checklist: [] },
      { holders: HOLDERS },
    );
    expect(refused).toContain('brief_complete');
    expect(unmetOf(run)).toEqual(refused.filter((code) => !code.startsWith('checklist.')));
  });

  it.each(PLACES)('is an answer in %s', (place) => {
    expect(Array.isArray(unmetOf(RUN_AT[place]()))).toBe(true);
  });

  it('is that the member can no longer act', () => {
    expect(unmetOf(toOffered(), without(CAST.creator.memberId))).toEqual(['receiver_active']);
    const gone = MEMBERS.filter(({ id }) => id !== CAST.creator.memberId);
    expect(unmetOf(toOffered(), gone)).toEqual(['receiver_active']);
  });

  it('of a role is what is in the way of the holder with the least', () => {
    const run = toReview();
    expect(unmetOf(run)).toEqual([]);
    run.snapshot.context.authors.push(CAST.editor.memberId);
    expect(unmetOf(run)).toEqual([]);
    const one = without(CAST.secondEditor.memberId, CAST.creatorAndEditor.memberId);
    expect(unmetOf(run, one)).toEqual(['four_eyes']);
    const none = one.map((member) => ({ ...member, active: false }));
    expect(unmetOf(run, none)).toEqual(['receiver_exists']);
  });
});

describe('the repairs of a finding', () => {
  const waiting = [{ role: 'strategist' as const }];

  it('are those of its code that the place allows', () => {
    const overdue = { code: 'overdue' as const, evidence: {} };
    expect(repairsFor(overdue, { place: 'briefing.drafting', waitingOn: waiting })).toEqual([
      'reassign',
      'extend',
      'cancel',
      'remind',
    ]);
    expect(repairsFor(overdue, { place: 'closed', waitingOn: [] })).toEqual([]);
    expect(repairsFor(overdue, null)).toEqual([]);
    const inReview = {
      place: 'review.deciding' as const,
      waitingOn: [{ role: 'editor' as const }],
    };
    expect(repairsFor(overdue, inReview)).toEqual([
      'extend',
      'decide_approval',
      'cancel',
      'remind',
    ]);
  });

  it('send no command that has its verdict, and end no run that has an open row', () => {
    const code = 'command_without_verdict' as const;
    expect(repairsFor({ code, evidence: { state: 'pending' } }, null)).toEqual(['resend_command']);
    expect(repairsFor({ code, evidence: { state: 'refused' } }, null)).toEqual([]);
    const orphan = { code: 'run_without_row' as const, evidence: {} };
    expect(repairsFor(orphan, null)).toEqual(['terminate_run']);
    expect(repairsFor(orphan, { place: 'closed', waitingOn: [] })).toEqual(['terminate_run']);
    expect(repairsFor(orphan, { place: 'measuring', waitingOn: [] })).toEqual([]);
  });

  it('are carried out in one way each', () => {
    expect(new Set(REPAIRS).size).toBe(REPAIRS.length);
  });

  it.each(FINDING_CODES)('put %s right, or the catalogue says why none does', (code) => {
    const { repairs, noRepair } = kindOf(code);
    const able = repairs.filter((repair) => repair !== 'recheck');
    expect([able.length > 0, noRepair !== undefined]).toContain(true);
    expect(able.length > 0 && noRepair !== undefined, 'one of both').toBe(false);
  });
});

describe('a finding', () => {
  it('has the same id for the same thing, and another one for any other', () => {
    expect(findingId('overdue', 'itm_1:creation')).toBe(findingId('overdue', 'itm_1:creation'));
    const ids = FINDING_CODES.flatMap((code) => [findingId(code, 'a'), findingId(code, 'b')]);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^fnd_[0-9a-f]{26}$/);
  });

  it('is named to each workspace by an id of its own, which only that one can have been told', () => {
    const id = findingId('overdue', 'itm_1:creation');
    const [ours, theirs] = [issuedFindingId(id, 'wsp_1'), issuedFindingId(id, 'wsp_2')];
    expect(ours).toMatch(/^fnd_[0-9a-f]{26}$/);
    expect(ours).not.toBe(theirs);
    expect(issuedFindingId(ours, 'wsp_1')).toBe(ours);
    expect(issuedFindingId(theirs, 'wsp_1')).not.toBe(theirs);
    expect(findingSubject(ours)).toBe(findingSubject(id));
  });

  it('says what is stuck and names it, whatever evidence there is', () => {
    for (const code of FINDING_CODES) {
      const since = '2027-01-04T10:00:00.000Z';
      const message = findingMessage({ code, itemId: 'itm_1', since, evidence: {} });
      expect(message).toMatch(/^itm_1: \S/);
      expect(message).not.toContain('undefined');
    }
  });
});
