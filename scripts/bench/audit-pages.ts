import pg from 'pg';

/** One kind of question, and how long each of its answers took, in milliseconds. */
export interface Lane {
  name: string;
  times: number[];
}

export interface Question {
  name: string;
  ask(): Promise<unknown>;
  end(): Promise<unknown>;
}

const WARM_UP = 20;

/** Asks each in turn, so that whatever else the machine does is shared fairly. */
export async function measurePages(calls: number, questions: readonly Question[]): Promise<Lane[]> {
  const lanes = questions.map(({ name, ...question }) => ({
    name,
    question,
    times: [] as number[],
  }));
  const warmUp = Math.min(WARM_UP, calls);
  try {
    for (let call = -warmUp; call < calls; call += 1) {
      for (const { question, times } of lanes) {
        const began = performance.now();
        await question.ask();
        if (call >= 0) times.push(performance.now() - began);
      }
    }
    return lanes.map(({ name, times }) => ({ name, times }));
  } finally {
    for (const { question } of lanes) await question.end();
  }
}

/**
 * What the first page of the stuck audit rests on, as plain statements over one connection: whose key it
 * is, the last look, whether the workspace is large, the page, its items and the members.
 */
export async function bareAnswer(
  databaseUrl: string,
  { workspaceId, keyId }: { workspaceId: string; keyId: string },
): Promise<Question> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const named = (name: string, text: string, values: unknown[]) =>
    client.query({ name, text, values });
  return {
    name: 'bare SQL of /v1/audit/stuck',
    async ask() {
      await named(
        'key',
        'select k.*, m.* from api_keys k join members m on m.id = k.member_id where k.id = $1',
        [keyId],
      );
      await named('watch', 'select * from watches where workspace_id = $1', [workspaceId]);
      await named(
        'large',
        `select count(*) from (select from items where workspace_id = $1 and closed_at is null
           limit 501) counted`,
        [workspaceId],
      );
      const { rows } = await named(
        'page',
        `select * from findings where workspace_id = $1 and closed_at is null and missed_at is null
         order by rank, since, id collate "C" limit 51`,
        [workspaceId],
      );
      const ids = rows.map((row) => row.item_id).filter((id) => id !== null);
      await named('items', 'select * from items where workspace_id = $1 and id = any($2)', [
        workspaceId,
        ids,
      ]);
      await named('members', 'select * from members where workspace_id = $1', [workspaceId]);
    },
    end: () => client.end(),
  };
}

const PATHS = [
  '/v1/audit/stuck',
  '/v1/audit/findings?open=true',
  '/v1/items',
  '/v1/inbox',
  '/v1/notifications',
];

/** First pages over HTTP, of those lists that there are. */
export async function pagesOf(url: string, key: string): Promise<Question[]> {
  const headers = { authorization: `Bearer ${key}` };
  const get = async (path: string) => {
    const response = await fetch(url + path, { headers });
    await response.text();
    return response.status;
  };
  const questions: Question[] = [];
  for (const path of PATHS) {
    const status = await get(path);
    if (status === 404) continue;
    if (status !== 200) throw new Error(`${path}: ${status}`);
    questions.push({ name: path, ask: () => get(path), end: async () => {} });
  }
  return questions;
}
