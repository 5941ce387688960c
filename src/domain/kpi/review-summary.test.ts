import { describe, expect, it } from 'vitest';
import { PUBLICATIONS, readingsOf } from '../../../test/support/readings.ts';
import { completenessOf, effortOf, extremesOf, funnelOf } from './review-summary.ts';
import type { VerdictRow } from './verdict-schema.ts';

const [FIRST, SECOND] = [PUBLICATIONS[0].id, PUBLICATIONS[1].id];

describe('completeness', () => {
  type State = 'due' | 'recorded' | 'missing';
  const at = (publicationId: string, checkpoint: string, state: State) => ({
    publicationId,
    checkpoint,
    state,
  });
  const from = (source: string, publicationId: string, checkpoint: string) => ({
    source,
    publicationId,
    checkpoint,
  });
  const nothing = { readings: [], unavailable: [] };
  const target = [{ checkpoint: '+7d' }];

  it('counts the checkpoints of which no source is known, at the ages of the targets only', () => {
    const checkpoints = [
      at('a', '+7d', 'recorded'),
      at('b', '+168h', 'missing'),
      at('a', '+28d', 'due'),
    ];
    expect(completenessOf(target, checkpoints, nothing)).toEqual({
      have: 1,
      of: 2,
      missing: [at('b', '+168h', 'missing')],
    });
    expect(completenessOf([], checkpoints, nothing)).toEqual({ have: 0, of: 0, missing: [] });
  });

  it('counts each source of a post, and names the one that gave nothing', () => {
    const readings = [
      from('mastodon', 'a', '+7d'),
      from('mastodon', 'a', '+7d'),
      from('matomo', 'a', '+168h'),
      from('mastodon', 'b', '+7d'),
      from('mastodon', 'b', '+28d'),
    ];
    const unavailable = [from('matomo', 'b', '+7d'), from('matomo', 'b', '+28d')];
    const checkpoints = [at('a', '+7d', 'recorded'), at('b', '+7d', 'recorded')];
    expect(completenessOf(target, checkpoints, { readings, unavailable })).toEqual({
      have: 3,
      of: 4,
      missing: [{ ...at('b', '+7d', 'missing'), source: 'matomo' }],
    });
  });

  it('names every source of a checkpoint without numbers, and none that answered later', () => {
    const unavailable = [
      from('matomo', 'a', '+7d'),
      from('umami', 'a', '+7d'),
      from('matomo', 'b', '+7d'),
    ];
    const readings = [from('matomo', 'b', '+7d')];
    const checkpoints = [at('a', '+7d', 'missing'), at('b', '+7d', 'recorded')];
    expect(completenessOf(target, checkpoints, { readings, unavailable })).toEqual({
      have: 1,
      of: 3,
      missing: [
        { ...at('a', '+7d', 'missing'), source: 'matomo' },
        { ...at('a', '+7d', 'missing'), source: 'umami' },
      ],
    });
  });
});

describe('the best and the worst post', () => {
  const primary = { kpi: 'bounce_rate' as const, checkpoint: '+7d' };
  const row = (scope: string, value: number | null, direction: VerdictRow['direction']) =>
    ({ ...primary, scope, value, direction }) as VerdictRow;

  it.each([
    ['higher', 'publication:b', 'publication:a'],
    ['lower', 'publication:a', 'publication:b'],
  ] as const)('are told by the primary KPI, where %s is better', (direction, best, worst) => {
    const rows = [
      row('item', 9, direction),
      row('publication:a', 1, direction),
      row('publication:b', 2, direction),
      row('publication:c', null, direction),
    ];
    const found = extremesOf({ rows, primary });
    expect([found?.best.scope, found?.worst.scope]).toEqual([best, worst]);
  });

  it('are not told of one post', () => {
    expect(extremesOf({ rows: [row('publication:a', 1, 'higher')], primary })).toBeNull();
    expect(extremesOf({ rows: [], primary: null })).toBeNull();
  });
});

it('adds the hours of a stage that the item came back to, and ends the last one now', () => {
  const at = (hour: number) => `2026-01-01T${String(hour).padStart(2, '0')}:00:00.000Z`;
  const changes = [
    { at: at(0), from: null, to: 'briefing' },
    { at: at(2), from: 'briefing', to: 'creation' },
    { at: at(5), from: 'creation', to: 'briefing' },
    { at: at(6), from: 'briefing', to: 'creation' },
  ];
  expect(effortOf(changes, { rounds: 1, approvers: 2, until: at(8) })).toEqual({
    rounds: 1,
    approvers: 2,
    stages: [
      { stage: 'briefing', hours: 3 },
      { stage: 'creation', hours: 5 },
    ],
  });
});

describe('the numbers behind the charts', () => {
  const readings = [
    ...readingsOf({ impressions: 10 }, { publicationId: FIRST, checkpoint: '+1h' }),
    ...readingsOf({ impressions: 90 }, { publicationId: FIRST, checkpoint: '+7d' }),
    ...readingsOf({ impressions: 50 }, { publicationId: SECOND, checkpoint: '+7d' }),
    ...readingsOf({ link_clicks: 0 }, { publicationId: FIRST, checkpoint: '+7d' }),
  ];

  it('tell 0 from what nobody measured', () => {
    expect(funnelOf(readings)).toEqual([
      { measure: 'impressions', value: 140 },
      { measure: 'link_clicks', value: 0 },
      { measure: 'sessions', value: null },
      { measure: 'key_events', value: null },
    ]);
  });
});
