import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { rolledParts } from '../../src/api/roll-up/rolled-parts.ts';
import { formatNumber, formatValue } from '../../src/domain/kpi/format.ts';
import { readingsOf } from '../support/readings.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/roll-up.md'), 'utf8');
const prose = page.replaceAll(/\s+/g, ' ');

const item = (itemId: string) => ({
  itemId,
  publications: ['A', 'B'].map((channelAccountId) => ({
    id: `${itemId} ${channelAccountId}`,
    channelAccountId,
  })),
});

const cells = (
  itemId: string,
  account: string,
  [impressions = 0, clicks = 0, reach = 0]: number[],
) =>
  readingsOf(
    { impressions, link_clicks: clicks, reach },
    { publicationId: `${itemId} ${account}`, checkpoint: '+7d', source: 'sandbox' },
  );

it('the worked example has the numbers that Baton computes', () => {
  const rows = [
    ...page.matchAll(
      /^\| (first|second) item, account (\w) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|/gm,
    ),
  ];
  const given = rows.map(([, name = '', account = '', ...numbers]) => ({
    name,
    account,
    numbers: numbers.map((text) => Number(text.replaceAll(',', ''))),
  }));
  expect(given).toHaveLength(3);
  const items = ['first', 'second'].map((name) => ({
    ...item(name),
    readings: given.flatMap((one) =>
      one.name === name ? cells(name, one.account, one.numbers) : [],
    ),
  }));
  const request = {
    items,
    kpis: ['click_through_rate', 'campaign_reach'] as const,
    limit: 9,
    after: '',
  };
  const targets = [{ kpi: 'click_through_rate' as const, target: 0.02, checkpoint: '+7d' }];
  const [whole] = rolledParts({ ...request, level: 'whole', targets }).parts;
  const [rate, reach] = whole?.checkpoints[0]?.kpis ?? [];
  const percent = (value: number | null | undefined) =>
    formatValue('fraction', value ?? Number.NaN);
  const count = (value: number | undefined) => formatNumber(value ?? Number.NaN);
  expect(prose).toContain(
    `${count(rate?.denominator)} impressions and ${count(rate?.numerator)} clicks, from ${rate?.coverage?.have} of ${rate?.coverage?.of} parts`,
  );
  expect(prose).toContain(
    `${percent(rate?.value)}, with a 95 % interval of ${percent(rate?.low)} to ${percent(rate?.high)}`,
  );
  const rates = given.map(({ numbers: [impressions = 0, clicks = 0] }) => clicks / impressions);
  const average = rates.reduce((sum, one) => sum + one, 0) / rates.length;
  expect(prose).toContain(`average of the three rates would have been ${percent(average)}`);
  expect(rate?.verdict).toBe('met');
  expect(prose).toContain(`The gross reach is ${count(reach?.gross_reach)}.`);
  const [a] = rolledParts({ ...request, level: 'channel' }).parts;
  const [ofA] = a?.checkpoints[0]?.kpis ?? [];
  expect(prose).toContain(
    `Account A has ${count(ofA?.numerator)} clicks of ${count(ofA?.denominator)} impressions: ${percent(ofA?.value)}`,
  );
});
