import { describe, expect, it } from 'vitest';
import { asksOf } from '../../src/domain/telling/asks.ts';
import { noticesOfEvent } from '../../src/domain/telling/events.ts';
import { USUAL_CHANNELS } from '../../src/domain/telling/kinds.ts';
import { type Notice, noticesTo } from '../../src/domain/telling/notice.ts';
import type { Person } from '../../src/domain/telling/people.ts';
import { NOTICE_TEXT_KEYS, noticeText } from '../../src/domain/telling/texts.ts';
import { waitsOf } from '../../src/domain/telling/waits.ts';
import { noticesOfWorkspaceEvent } from '../../src/domain/telling/workspace-events.ts';
import { ACCOUNTS, CAST, DAY, draftDigest, HOUR, MINUTE, type TestRun } from './item-fixture.ts';
import {
  approve,
  requestChanges,
  send,
  submit,
  toCreation,
  toHeld,
  toOffered,
  toReview,
  toReviewing,
  toScheduled,
} from './item-journeys.ts';

const EVERYBODY: Person[] = [
  ...Object.values(CAST).map(({ memberId: id, roles }) => person(id, { roles })),
  person('mbr_stand_in', { roles: ['creator'] }),
  person('mbr_leader', { roles: ['leadership'] }),
];

function person(id: string, change: Partial<Person>): Person {
  return {
    id,
    name: `Name of ${id}`,
    roles: [],
    backupId: null,
    absentFrom: null,
    absentUntil: null,
    ...change,
  };
}

function withPerson(id: string, change: Partial<Person>): Person[] {
  return EVERYBODY.map((one) => (one.id === id ? { ...one, ...change } : one));
}

/** What people are told once the work is done: of its events, and of what the item then waits for. */
function toldOf(run: TestRun, work: () => unknown, all: Person[] = EVERYBODY): Notice[] {
  const before = run.events.length;
  work();
  const people = { all, now: Date.parse(run.at) };
  const about = { itemId: run.context.itemId, title: 'A piece' };
  const { place, context } = run;
  const events = run.events.slice(before);
  const actor = events.at(-1)?.actor ?? 'system';
  return [
    ...events.flatMap((event) => noticesOfEvent(event, { place, context, about }, people)),
    ...asksOf(place, context, { people, about, actor }),
  ].flatMap(noticesTo);
}

/** `kind text: members` of each that is not quiet, in order. */
function lines(notices: readonly Notice[]): string[] {
  const loud = notices.filter(({ isQuiet }) => !isQuiet);
  const byText = Map.groupBy(loud, ({ kind, textKey }) => `${kind} ${textKey}`);
  return [...byText].map(
    ([text, told]) =>
      `${text}: ${told.map(({ memberId }) => memberId.replace('mbr_', '')).join(' ')}`,
  );
}

it('a handoff asks its receiver, and a decline returns it to whoever offered it', () => {
  const offered = toOffered();
  expect(lines(toldOf(offered, () => {}))).toEqual(['asked asked.accept_handoff: creator']);
  const decline = () => offered.give('decline_handoff', CAST.creator, { reason: 'quality' });
  expect(lines(toldOf(offered, decline))).toEqual([
    'returned returned.declined: strategist',
    'asked asked.offer_handoff: strategist',
  ]);
});

it('a review asks everybody who may approve: no author, and nobody twice', () => {
  const run = toCreation();
  const told = toldOf(run, () => {
    run.give('save_draft', CAST.creator, { draft: draftDigest(1) });
    submit(run);
  });
  expect(lines(told)).toEqual(['asked asked.decide_approval: creator_editor editor second_editor']);
  expect(told[0]?.about).toMatchObject({ role: 'editor', contentHash: run.contentHash() });
});

it('a change request returns the work to its creator and the strategist', () => {
  const run = toReview();
  const told = toldOf(run, () => requestChanges(run));
  expect(lines(told)).toEqual([
    'returned returned.changes_requested: creator strategist',
    'asked asked.submit_for_review: creator',
  ]);
  const [first] = told;
  if (first === undefined) throw new Error('nobody is told');
  expect(noticeText(first, 'en')).toBe(
    'Name of mbr_editor (Editor) asked for changes in “A piece”: Not good enough yet.',
  );
  expect(noticeText(first, 'fr')).toContain('Qualité insuffisante');
});

it('an edit tells who approved that it is void, and the wait that was answered is another one', () => {
  const run = toReview();
  const waited = waitsOf(run.place, run.context).map(({ key }) => key);
  approve(run);
  const told = toldOf(run, () => run.give('save_draft', CAST.creator, { draft: draftDigest(2) }));
  expect(lines(told)).toContain('voided voided: editor strategist manager');
  submit(run);
  const now = waitsOf(run.place, run.context).map(({ key }) => key);
  expect(now).toHaveLength(1);
  expect(waited).not.toContain(now[0]);
});

it('the same state asks under the same cause, another round under another', () => {
  const run = toReview();
  const first = toldOf(run, () => {});
  expect(toldOf(run, () => {})).toEqual(first);
  requestChanges(run);
  submit(run);
  const again = toldOf(run, () => {});
  expect(lines(again)).toEqual(lines(first));
  expect(again[0]?.cause).not.toBe(first[0]?.cause);
});

it('who is away is told quietly, and the backup in their place', () => {
  const away = { absentFrom: '2027-01-01T00:00:00.000Z', backupId: 'mbr_stand_in' };
  const told = toldOf(toOffered(), () => {}, withPerson('mbr_creator', away));
  expect(lines(told)).toEqual(['asked asked.stands_in: stand_in']);
  expect(told.find(({ memberId }) => memberId === 'mbr_creator')?.isQuiet).toBe(true);
  const back = { ...away, absentUntil: '2027-01-02T00:00:00.000Z' };
  expect(lines(toldOf(toOffered(), () => {}, withPerson('mbr_creator', back)))).toEqual([
    'asked asked.accept_handoff: creator',
  ]);
});

it('the ladder reaches the responsible, the backup, the accountable role, then leadership', () => {
  const all = withPerson('mbr_creator', { backupId: 'mbr_stand_in' });
  const run = toCreation();
  const due = run.context.clock?.steps ?? [];
  const rungs = due.map((at) =>
    lines(toldOf(run, () => run.waitUntil(new Date(at).toISOString()), all)).filter(
      (line) => !line.startsWith('asked'),
    ),
  );
  expect(rungs).toEqual([
    ['reminder reminder.responsible: creator'],
    ['reminder reminder.responsible: creator', 'reminder reminder.backup: stand_in'],
    [
      'escalation breach.responsible: creator',
      'escalation breach.backup: stand_in',
      'escalation breach.accountable: strategist',
    ],
    [
      'escalation breach.responsible: creator',
      'escalation breach.backup: stand_in',
      'escalation breach.accountable: strategist',
      'escalation breach.leadership: leader',
    ],
  ]);
  expect(run.place).toBe('creation.drafting');
});

it('nobody is reminded of a stage that the item has left', () => {
  const run = toReview();
  run.wait(DAY / 2);
  const warned = run.events.findLast(({ type }) => type === 'sla.warned');
  if (warned === undefined) throw new Error('no warning came');
  approve(run);
  expect(toldOf(run, () => run.events.push(warned))).toEqual(toldOf(run, () => {}));
});

it('a post tells the team and the informed roles, trouble those who can repair it', () => {
  const run = toScheduled();
  expect(lines(toldOf(run, () => send(run, ACCOUNTS.sandbox)))).toEqual([
    'published published: strategist creator manager onlooker',
  ]);
  const lost = toScheduled();
  expect(lines(toldOf(lost, () => send(lost, ACCOUNTS.sandbox, 'unknown')))).toEqual([
    'publication_trouble trouble.unknown: manager strategist',
    'asked asked.resolve_publication: manager',
  ]);
});

it('a review asks the strategist first, then the other two', () => {
  const run = toReviewing();
  expect(lines(toldOf(run, () => run.wait(MINUTE)))).toEqual([
    'review_due asked.sign_off: strategist',
  ]);
  const sign = () =>
    run.give('sign_off', CAST.strategist, { role: 'strategist', decision: 'scale' });
  expect(lines(toldOf(run, sign))).toEqual(['review_due asked.sign_off: creator manager']);
});

it('whoever brought the item to a wait of their own is told quietly', () => {
  const run = toHeld();
  expect(lines(toldOf(run, () => run.wait(HOUR)))).toEqual(['asked asked.resume: manager']);
  const told = toldOf(toHeld(), () => {});
  expect(told.map(({ memberId }) => memberId)).toEqual(['mbr_manager']);
});

it('what a playbook did to an overdue item is said, and not that it is only late', () => {
  const run = toReview();
  const { context } = run;
  const playbook = { ...context.playbook, overdue: { review: 'return' as const } };
  run.snapshot = { ...run.snapshot, context: { ...context, playbook } };
  const at = new Date(context.clock?.steps[3] ?? 0).toISOString();
  const told = toldOf(run, () => {
    run.at = at;
    run.happen({ type: 'clock_step', at, step: 3, percent: 150 });
  });
  expect(lines(told)).toEqual([
    'escalation breach.return: leader strategist creator manager',
    'voided voided: strategist creator manager',
    'asked asked.submit_for_review: creator',
  ]);
});

it('a finding tells admins, and of a critical one those the item waits for', () => {
  const people = { all: EVERYBODY, now: 0 };
  const found = (severity: string): string[] => {
    const waitingOn = [{ role: 'creator', memberId: 'mbr_creator', for: 'submit_for_review' }];
    const data = { id: 'fnd_1', code: 'overdue', severity, since: 'x', message: 'm', waitingOn };
    const event = { type: 'audit.finding_opened', seq: 0, actor: 'system', data };
    return lines(noticesOfWorkspaceEvent(event, people).flatMap(noticesTo));
  };
  expect(found('critical')).toEqual(['finding finding: creator admin']);
  expect(found('warning')).toEqual(['finding finding: admin']);
});

it('the stakeholders of a campaign are told when its review opens and closes, by mail, too', () => {
  const people = { all: EVERYBODY, now: 0 };
  const told = (type: string, actor = 'system'): string[] => {
    const data = {
      campaignId: 'cmp_1',
      name: 'Spring',
      at: 'x',
      memberIds: ['mbr_editor', 'gone'],
    };
    const event = { type, seq: 0, actor, data };
    return lines(noticesOfWorkspaceEvent(event, people).flatMap(noticesTo));
  };
  expect(told('campaign.review_opened')).toEqual([
    'review_due campaign.review_opened: strategist editor',
  ]);
  expect(told('campaign.review_returned', 'mbr_strategist')).toEqual([
    'review_due campaign.review_returned: editor',
  ]);
  expect(told('campaign.review_closed')).toEqual(['review_due campaign.review_closed: editor']);
  expect(USUAL_CHANNELS.review_due).toContain('email');
  expect(told('campaign.paused')).toEqual(['administrative campaign.paused: editor']);
});

it('an administrative act tells the other admins, and a stranger event nobody', () => {
  const people = { all: [...EVERYBODY, person('mbr_other', { roles: ['admin'] })], now: 0 };
  const data = { seq: 4, act: 'member.changed', target: 'mbr_x' };
  const act = { type: 'administration.recorded', seq: 0, actor: 'mbr_admin', data };
  expect(lines(noticesOfWorkspaceEvent(act, people).flatMap(noticesTo))).toEqual([
    'administrative administrative: other',
  ]);
  expect(noticesOfWorkspaceEvent({ ...act, type: 'webhook.test' }, people)).toEqual([]);
});

it('every text is there in both languages, with the same fields', () => {
  const fields = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([field]) => field).sort();
  for (const textKey of NOTICE_TEXT_KEYS) {
    const named = new Proxy({}, { get: (_, name) => `{${String(name)}}` });
    const [en, fr] = (['en', 'fr'] as const).map((language) =>
      fields(noticeText({ textKey, about: named }, language)),
    );
    expect(fr, textKey).toEqual(en);
  }
});

it('a title that looks like a field stays a title', () => {
  const about = { title: '{role}{about.__proto__}', role: 'editor' };
  expect(noticeText({ textKey: 'asked.decide_approval', about }, 'en')).toBe(
    '“{role}{about.__proto__}” waits for your approval as Editor.',
  );
});

describe('a reminder that somebody asks for', () => {
  const remindedAt = '2030-01-01T12:00:00.000Z';
  const remindedOf = (
    run: TestRun,
    memberIds: unknown,
    all = EVERYBODY,
    at: unknown = remindedAt,
  ) => {
    const event = {
      type: 'item.reminded',
      seq: 0,
      actor: CAST.strategist.memberId,
      data: { memberIds, remindedAt: at },
    };
    const about = { itemId: run.context.itemId, title: 'A piece' };
    const people = { all, now: Date.parse(run.at) };
    const { place, context } = run;
    return noticesOfEvent(event, { place, context, about }, people).flatMap(noticesTo);
  };

  it('tells those named whom the item waits for, and nobody else', () => {
    const run = toReview();
    const ids = ['mbr_editor', 'mbr_creator', 'mbr_leader'];
    expect(lines(remindedOf(run, ids))).toEqual(['reminder reminder.again: editor']);
    approve(run);
    expect(remindedOf(run, ids)).toEqual([]);
  });

  it('tells the backup in place of who is away, and whoever has none', () => {
    const away = { absentUntil: '2099-01-01T00:00:00.000Z' };
    const ids = ['mbr_creator', 'mbr_stand_in'];
    const withBackup = withPerson('mbr_creator', { ...away, backupId: 'mbr_stand_in' });
    const told = remindedOf(toOffered(), ids, withBackup);
    expect(lines(told)).toEqual(['reminder reminder.stands_in: stand_in']);
    expect(told.map((one) => noticeText(one, 'fr'))).toEqual([
      expect.stringContaining('Name of mbr_creator'),
    ]);
    expect(lines(remindedOf(toOffered(), ids, withPerson('mbr_creator', away)))).toEqual([
      'reminder reminder.again: creator',
    ]);
  });

  it.each([
    [null, remindedAt],
    ['mbr_editor', remindedAt],
    [['mbr_editor'], null],
  ])('tells nobody where the event says %j at %j', (memberIds, at) => {
    expect(remindedOf(toReview(), memberIds, EVERYBODY, at)).toEqual([]);
  });
});
