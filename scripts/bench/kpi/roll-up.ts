import pg from 'pg';
import { createDb, type Db } from '../../../src/db/client.ts';
import { startTemporaryStack } from '../../local/temporary-stack.ts';
import { measurePages, type Question } from '../audit-pages.ts';
import { readCast } from '../run.ts';
import { latencyOf } from '../statistics.ts';
import { differentSums, reviewed, type Sum, sumsOfAnswer, sumsOfReview } from './compare-sums.ts';
import { CAMPAIGN, fillForRollUp, READINGS_PER_ITEM } from './roll-up-ground.ts';
import type { KpiFigureLine, KpiScenario } from './scenario.ts';

const TO_BARE_SQL = 1.5;
const ITEM = 'itm_bench1';
const CALLS = 50;
const ONLY_TOLD = { target: null, isMet: true };
/** Differences that are printed. */
const SHOWN = 10;

/** The roll-up of a large campaign and the review of one item, each beside plain SQL of the same sums. */
export const rollUpScenario: KpiScenario = {
  name: 'roll-up',
  says: '240,000 readings: a campaign of 1,000 items × 4 channels × 6 checkpoints × 10 measures',
  async measure({ small }) {
    const items = small ? 50 : 1_000;
    const stack = await startTemporaryStack({ prefix: 'baton-bench-', taskQueue: 'bench-kpi' });
    const owner = createDb(stack.databaseUrl, { max: 2, statementTimeoutMs: 600_000 });
    try {
      const { cast } = await readCast(stack);
      const { memberId, key } = cast.members.strategist;
      const { workspaceId } = cast;
      console.log(`Copying ${items * READINGS_PER_ITEM} readings …`);
      await fillForRollUp(owner.db, { workspaceId, memberId, items });
      // The API is ready once a worker polls.
      await stack.start({ name: 'Worker', script: 'worker.ts' });
      const api = await stack.startApi({ name: 'API' });
      const path = `/v1/campaigns/${CAMPAIGN}/kpis`;
      const began = performance.now();
      await get(api.url, key, path);
      const first = performance.now() - began;
      console.log(`First answer after ${first.toFixed(0)} ms. Asking in turn …`);
      await owner.db.$client.query('vacuum analyze');
      const compared = await compareSums(
        owner.db,
        (asked) => get(api.url, key, asked),
        workspaceId,
      );
      for (const difference of compared.different.slice(0, SHOWN)) console.error(difference);
      const pages = await measurePages(small ? 10 : CALLS, [
        await bareSql('SQL of the campaign', stack.databaseUrl, CAMPAIGN_SUMS, [
          workspaceId,
          CAMPAIGN,
        ]),
        route('campaign', api.url, key, path),
        await bareSql('SQL of the item', stack.databaseUrl, ITEM_SUMS, [workspaceId, ITEM]),
        route('item', api.url, key, `/v1/items/${ITEM}/kpi-review`),
        route('row', api.url, key, `/v1/campaigns/${CAMPAIGN}`),
      ]);
      const at = (index: number) => latencyOf(pages[index]?.times ?? []);
      return [
        { what: 'sums compared with those of SQL', figure: `${compared.sums}`, ...ONLY_TOLD },
        {
          what: 'of them different',
          figure: `${compared.different.length}`,
          target: '0',
          isMet: compared.different.length === 0,
        },
        told('first answer after the import, ms', first),
        told('GET /v1/campaigns/{id}: what any answer takes, p50 ms', at(4).p50),
        ...beside(`GET ${path}`, at(1), at(0), { small }),
        ...beside('GET /v1/items/{id}/kpi-review', at(3), at(2), { small }),
      ];
    } finally {
      await owner.close();
      await stack.stop();
    }
  },
};

type Latency = ReturnType<typeof latencyOf>;

function beside(
  what: string,
  ours: Latency,
  bare: Latency,
  { small }: { small: boolean },
): KpiFigureLine[] {
  return (['p50', 'p99'] as const).flatMap((share) => {
    const ratio = ours[share] / bare[share];
    return [
      told(`${what}, ${share} ms`, ours[share]),
      told(`plain SQL of the same sums, ${share} ms`, bare[share]),
      {
        what: `ratio, ${share}`,
        figure: ratio.toFixed(2),
        target: small ? null : `≤ ${TO_BARE_SQL}`,
        isMet: small || ratio <= TO_BARE_SQL,
      },
    ];
  });
}

function told(what: string, ms: number): KpiFigureLine {
  return { what, figure: ms.toFixed(1), ...ONLY_TOLD };
}

/** Latest reading of each series, then the sums of the whole and of each channel account. */
const CAMPAIGN_SUMS = `
  select p.channel_account_id as part, r.checkpoint, r.measure, sum(r.value), count(*)
  from (
    select distinct on (item_id, publication_id, measure, checkpoint)
      publication_id, measure, checkpoint, value
    from readings
    where workspace_id = $1
      and item_id in (select id from items where workspace_id = $1 and campaign_id = $2)
    order by item_id, publication_id, measure, checkpoint, as_of desc, id desc
  ) r join publications p on p.id = r.publication_id and p.state = 'published'
  group by grouping sets ((r.checkpoint, r.measure), (p.channel_account_id, r.checkpoint, r.measure))`;

const ITEM_SUMS = `
  select publication_id as part, checkpoint, measure, sum(value), count(*)
  from (
    select distinct on (publication_id, measure, checkpoint) publication_id, measure, checkpoint, value
    from readings where workspace_id = $1 and item_id = $2
    order by publication_id, measure, checkpoint, as_of desc, id desc
  ) r
  group by grouping sets ((checkpoint, measure), (publication_id, checkpoint, measure))`;

/** What the API answers for the campaign, its accounts and the item, held against the same sums in SQL. */
async function compareSums(
  db: Db,
  ask: (path: string) => Promise<unknown>,
  workspaceId: string,
): Promise<{ sums: number; different: string[] }> {
  const path = `/v1/campaigns/${CAMPAIGN}/kpis`;
  const ofCampaign = [
    ...sumsOfAnswer(await ask(path)),
    ...sumsOfAnswer(await ask(`${path}?level=channel`)),
  ];
  const ofItem = sumsOfAnswer(await ask(`/v1/kpis?view=item&itemId=${ITEM}`));
  const ofReview = sumsOfReview(await ask(`/v1/items/${ITEM}/kpi-review`));
  const bareCampaign = await bareSums(db, CAMPAIGN_SUMS, [workspaceId, CAMPAIGN]);
  const bareItem = await bareSums(db, ITEM_SUMS, [workspaceId, ITEM]);
  const wholeItem = bareItem.filter(({ part }) => part === '');
  return {
    sums: ofCampaign.length + ofItem.length + ofReview.length,
    different: [
      ...differentSums(ofCampaign, bareCampaign),
      ...differentSums(ofItem, wholeItem),
      ...differentSums(ofReview, reviewed(wholeItem)),
    ],
  };
}

async function bareSums(db: Db, text: string, values: unknown[]): Promise<Sum[]> {
  const { rows } = await db.$client.query(text, values);
  return rows.map(({ part, checkpoint, measure, sum }) => {
    return { part: part ?? '', checkpoint, measure, value: sum };
  });
}

async function bareSql(
  name: string,
  databaseUrl: string,
  text: string,
  values: unknown[],
): Promise<Question> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  return { name, ask: () => client.query({ name, text, values }), end: () => client.end() };
}

function route(name: string, url: string, key: string, path: string): Question {
  return { name, ask: () => get(url, key, path), end: async () => {} };
}

async function get(url: string, key: string, path: string): Promise<unknown> {
  const response = await fetch(url + path, { headers: { authorization: `Bearer ${key}` } });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${path}: ${response.status} ${text.slice(0, 400)}`);
  return JSON.parse(text);
}
