import { randomUUID } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { inLanes } from '../reliability/time.ts';
import { draftOf, type Ground } from './ground.ts';

/** Requests that somebody sends to do harm. */
export interface Attack {
  name: string;
  run(ground: Ground): Promise<unknown>;
}

interface Init {
  method?: string;
  body?: string;
  type?: string;
  headers?: Record<string, string>;
}

/** One request, read to its end. @returns its status; 0 when no answer came. */
async function send(
  { url }: Ground,
  key: string | null,
  path: string,
  { method = 'GET', body, type = 'application/json', headers = {} }: Init = {},
): Promise<number> {
  try {
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(key !== null && { authorization: `Bearer ${key}` }),
        ...(body !== undefined && { 'content-type': type }),
        ...headers,
      },
      ...(body !== undefined && { body }),
      signal: AbortSignal.timeout(60_000),
    });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 0;
  }
}

function times<T>(count: number, make: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => make(index)));
}

const SIZE = 110_000;
const FLOOD_REQUESTS = 1_500;
/** As many connections as one machine opens without effort. */
const AT_ONCE = 60;

/** Texts that slow analyses grow faster than. */
const TEXTS: Record<string, string> = {
  'hosts without end': 'a.'.repeat(SIZE / 2),
  'half a link each': 'https://a.'.repeat(SIZE / 10),
  'open placeholders': '[insert'.repeat(SIZE / 7),
  hashes: '#1'.repeat(SIZE / 2),
  mentions: '@a@'.repeat(SIZE / 3),
  'x without end': 'x'.repeat(SIZE),
  'joined emoji': '👩‍🚀'.repeat(SIZE / 12),
  'combining marks': `e${'\u0301'.repeat(SIZE / 3)}`,
  'white space': ' '.repeat(SIZE),
};

/** Who has no right there, one of another workspace, and who may: the work must hurt nobody. */
const SENDERS = {
  powerless: ({ keyOf }: Ground) => keyOf('community_manager'),
  foreign: ({ foreignKey }: Ground) => foreignKey,
  nobody: () => null,
  creator: ({ keyOf }: Ground) => keyOf('creator'),
} satisfies Record<string, (ground: Ground) => string | null>;

function drafts(): Attack[] {
  return Object.entries(SENDERS).flatMap(([who, keyOf]) =>
    Object.entries(TEXTS).map(([what, text]) => ({
      name: `draft of ${what}, by ${who}`,
      run: (ground) =>
        send(ground, keyOf(ground), `/v1/items/${ground.itemId}/draft`, {
          method: 'PUT',
          body: JSON.stringify(draftOf(text)),
        }),
    })),
  );
}

const FILES: Record<string, string> = {
  'of commas': ','.repeat(4_000_000),
  'with 160,000 columns': `${'a,'.repeat(160_000)}b\n${'1,'.repeat(160_000)}2\n`,
  'of blank lines': '\n'.repeat(4_000_000),
  'of one open quote': `measure,value,asOf\n"${'x'.repeat(4_000_000)}`,
  'of mistakes': `measure,value,asOf\n${'nothing,1.2.3,never\n'.repeat(100_000)}`,
  'with 19,000 rows': `measure,value,asOf\n${'impressions,12,2026-03-02T08:00:00Z\n'.repeat(19_000)}`,
};

function files(): Attack[] {
  return Object.entries(FILES).flatMap(([what, body]) =>
    (['powerless', 'creator'] as const).map((who) => ({
      name: `CSV ${what}, by ${who}`,
      run: (ground) =>
        times(who === 'creator' ? 2 : 4, () =>
          send(ground, SENDERS[who](ground), `/v1/items/${ground.itemId}/readings`, {
            method: 'POST',
            body,
            type: 'text/csv',
          }),
        ),
    })),
  );
}

const BODIES: Record<string, [string, string]> = {
  'of unknown fields': [
    '/v1/items',
    JSON.stringify(Object.fromEntries(Array.from({ length: 15_000 }, (_, i) => [`f${i}`, 1]))),
  ],
  'of 80,000 empty readings': ['/readings', `[${'{},'.repeat(80_000)}{}]`],
  'of nested lists': ['/v1/items', '['.repeat(120_000) + ']'.repeat(120_000)],
  'of long names': ['/v1/items', JSON.stringify({ ['n'.repeat(200_000)]: 1 })],
};

function bodies(): Attack[] {
  return Object.entries(BODIES).map(([what, [path, body]]) => ({
    name: `a body ${what}`,
    run: (ground) =>
      times(5, () => {
        const to = path.startsWith('/v1') ? path : `/v1/items/${ground.itemId}${path}`;
        return send(ground, ground.keyOf('creator'), to, { method: 'POST', body });
      }),
  }));
}

const READS: Attack[] = [
  {
    name: 'a feed of 5,000 entries, and again unchanged',
    async run(ground) {
      const first = await fetch(ground.url + ground.feedPath);
      await first.text();
      const headers = { 'if-none-match': first.headers.get('etag') ?? '' };
      await times(60, () => send(ground, null, ground.feedPath, { headers }));
      await times(10, () => send(ground, null, ground.feedPath));
    },
  },
  {
    name: 'the stuck audit, 300 times',
    run: (ground) =>
      times(300, () => send(ground, ground.keyOf('community_manager'), '/v1/audit/stuck')),
  },
  {
    name: 'the stuck audit with 100 different questions',
    run: (ground) =>
      times(100, (index) =>
        send(ground, ground.keyOf('community_manager'), `/v1/audit/stuck?itemId=itm_${index}`),
      ),
  },
  {
    name: 'the actions on a long draft, 100 times',
    run: (ground) =>
      times(100, () =>
        send(ground, ground.keyOf('community_manager'), `/v1/items/${ground.itemId}/actions`),
      ),
  },
];

/** Codes that no playbook has: what a run carries for ever must not grow with them. */
const INVENTED: Attack = {
  name: '12 submissions with 3,793 invented checklist codes each',
  async run(ground) {
    const codes = Array.from({ length: 3_793 }, (_, index) => [
      `invented_${index}_${'c'.repeat(40)}`,
      true,
    ]);
    const body = JSON.stringify({ checklist: Object.fromEntries(codes) });
    const path = `/v1/items/${ground.itemId}/handoffs`;
    for (const who of ['community_manager', 'creator'] as const) {
      for (let count = 0; count < 12; count += 1) {
        await send(ground, ground.keyOf(who), path, { method: 'POST', body });
      }
    }
  },
};

/** Strangers of one address. @throws Error when somebody with a credential of that address is kept out. */
const FLOOD: Attack = {
  name: 'a flood without a key, beside good credentials of the same address',
  async run(ground) {
    const bad = `bk_${'0'.repeat(26)}.${'a'.repeat(43)}`;
    const flood = inLanes(AT_ONCE, FLOOD_REQUESTS, async (index) => {
      const kind = index % 4;
      if (kind === 0) await send(ground, null, '/v1/items');
      if (kind === 1) await send(ground, bad, '/v1/items');
      if (kind === 2) await send(ground, null, '/v1/calendar.ics?token=x');
      if (kind === 3) await send(ground, null, ground.endpoint.url, { method: 'POST', body: '{}' });
    });
    const admitted = await Promise.all([
      ...ground.freshKeys.map((key) => send(ground, key, '/v1/roles')),
      send(ground, null, ground.feedPath),
      sendSigned(ground),
    ]);
    await flood;
    const keptOut = admitted.filter((status) => status === 429 || status === 401 || status === 0);
    if (keptOut.length > 0) throw new Error(`kept out: ${admitted.join(' ')}`);
  },
};

function sendSigned(ground: Ground): Promise<number> {
  const decision = { role: 'editor', contentHash: 'a'.repeat(64), decision: 'approve' };
  const data = { itemId: ground.itemId, ...decision };
  const body = JSON.stringify({ type: 'decide_approval', data });
  const [id, at] = [randomUUID(), new Date()];
  return send(ground, null, ground.endpoint.url, {
    method: 'POST',
    body,
    headers: {
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
      'webhook-signature': new Webhook(ground.endpoint.secret).sign(id, at, body),
    },
  });
}

/** @param small the worst of each kind, for a check on every change. */
export function listAttacks({ small }: { small: boolean }): Attack[] {
  const all = [...drafts(), ...files(), ...bodies(), ...READS, INVENTED, FLOOD];
  return small ? all.filter(({ name }) => !/, by (foreign|nobody)$/.test(name)) : all;
}
