import fc from 'fast-check';
import { createApiKey } from '../../../src/db/workspace/api-keys.ts';
import type { Line, Outcome } from '../line.ts';
import { patientAnswerOf } from '../people.ts';
import { type Ground, makeGround } from '../requests/ground.ts';
import { filledPath, type Operation, readOperations } from '../requests/operations.ts';
import { openSite, type Site } from '../site.ts';
import { inLanes } from '../time.ts';

const LANES = 4;
/** A schema does not say every rule, so that some bodies are refused for themselves. */
const BODIES = 4;

/** What every member may do, whatever their role. */
const ANY_MEMBER: ReadonlySet<string> = new Set([
  'addComment',
  'addCalendarFeed',
  'removeCalendarFeed',
  'startItem',
  // Of the caller alone.
  'readNotifications',
  'savePreferences',
]);

/** Who asks: the rows of the matrix. */
const ASKERS = ['no key', 'unknown', 'revoked', 'expired', 'foreign', 'wrong role'] as const;
type Asker = (typeof ASKERS)[number];

type Keys = Readonly<Record<Asker, string | null>>;

/** Every operation that needs a key, asked by everyone who may not have it. */
export const R18: Line = {
  id: 'R18',
  title: 'every route × no key, unknown, revoked, expired, foreign tenant, wrong role',
  target: 'every cell denied, and nothing of another workspace shown',
  protection: 'the role that a route asks for',
  full: 10,
  small: 1,
  async run(stack, { n, seed, control, progress }) {
    const site = await openSite(stack, { apiParts: control ? ['anyRole'] : [] });
    try {
      const [ours, theirs] = [await makeGround(site, 'R18'), await makeGround(site, 'R18 other')];
      const keys = await keysOf(site, ours, theirs);
      const { operations, valuesOf } = readOperations();
      const cells = operations
        .filter(({ withKey }) => withKey)
        .flatMap((operation) =>
          Array.from({ length: n }, (_, round) =>
            ASKERS.map((asker) => ({ operation, asker, round })),
          ).flat(),
        );
      const outcome: Outcome = {
        operations: cells.length,
        faults: {},
        lost: 0,
        duplicated: 0,
        unresolved: 0,
        recoveryMs: [],
        violations: [],
        evidence: [],
      };
      const undecided = new Set<string>();
      await inLanes(LANES, cells.length, async (index) => {
        const cell = cells[index];
        if (cell === undefined) return;
        const { operation, asker, round } = cell;
        const samples = fc.sample(
          operation.json === null ? fc.constant(undefined) : valuesOf(operation.json),
          { numRuns: BODIES, seed: seed + round },
        );
        const bodies = operation.example === null ? samples : [operation.example, ...samples];
        const said = await judge(site, ours, { operation, key: keys[asker], asker, bodies });
        outcome.faults[asker] = (outcome.faults[asker] ?? 0) + 1;
        if (said === 'undecided') undecided.add(`${operation.id} by ${asker}: denied by its body`);
        else if (said !== null) outcome.violations.push(`${operation.id} by ${asker}: ${said}`);
      });
      outcome.evidence.push(...undecided);
      progress(`${cells.length} cells are asked`);
      return outcome;
    } finally {
      await site.close();
    }
  },
};

async function keysOf(site: Site, ours: Ground, theirs: Ground): Promise<Keys> {
  const { db, pool } = site.database;
  const { workspaceId } = ours;
  const memberId = ours.people.idOf('admin');
  const [revoked, expired] = [
    await createApiKey(db, { workspaceId, memberId, name: 'revoked' }),
    await createApiKey(db, { workspaceId, memberId, name: 'expired' }),
  ];
  await pool.query('update api_keys set revoked_at = now() where id = $1', [revoked.id]);
  await pool.query(`update api_keys set expires_at = now() - interval '1 second' where id = $1`, [
    expired.id,
  ]);
  return {
    'no key': null,
    unknown: 'bk_01KAMJ5SQ0000000000000000.notasecretatall',
    revoked: revoked.key,
    expired: expired.key,
    foreign: theirs.keyOf('admin'),
    'wrong role': ours.keyOf('marketing'),
  };
}

interface Cell {
  operation: Operation;
  asker: Asker;
  key: string | null;
  bodies: readonly unknown[];
}

/** @returns what is wrong with the answer; null when it is a denial; `undecided` when only the body was judged. */
async function judge(
  { api }: Site,
  { known }: Ground,
  { operation, asker, key, bodies }: Cell,
): Promise<string | null> {
  const { method, path, json, id } = operation;
  const namesOurs = path.includes('{') && !path.endsWith('/members/me');
  const url = `${api.url}${filledPath(path, known, () => 'unknown')}`;
  for (const body of bodies) {
    const answer = await patientAnswerOf(url, {
      method,
      headers: {
        ...(key !== null && { authorization: `Bearer ${key}` }),
        ...(json !== null && { 'content-type': 'application/json' }),
      },
      ...(json !== null && { body: JSON.stringify(body) }),
    });
    if (answer === null) return 'no answer';
    const { status, text } = answer;
    if (status >= 500) return `${status} ${text.slice(0, 200)}`;
    if (asker === 'foreign') {
      const shown = Object.values(known).filter(
        (own) => own.length > 12 && !url.includes(encodeURIComponent(own)) && text.includes(own),
      );
      if (shown.length > 0) return `${status}, and it shows ${shown.join(', ')}`;
      if (!namesOurs) return null;
    } else if (asker === 'wrong role') {
      if (method === 'GET' || ANY_MEMBER.has(id)) return null;
    } else {
      return status === 401 ? null : `${status}, not 401`;
    }
    if (status < 300) return `${status} ${text.slice(0, 200)}`;
    if ([401, 403, 404, 409].includes(status)) return null;
  }
  return 'undecided';
}
