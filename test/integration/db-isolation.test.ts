import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as apiKeys from '../../src/db/workspace/api-keys.ts';
import * as campaigns from '../../src/db/workspace/campaigns.ts';
import * as idempotencyKeys from '../../src/db/workspace/idempotency-keys.ts';
import * as members from '../../src/db/workspace/members.ts';
import { openTestDb } from '../support/db-fixture.ts';
import { isNothing, type Read } from '../support/reads.ts';
import { fillWholeWorkspace } from '../support/whole-workspace.ts';

let database: Awaited<ReturnType<typeof openTestDb>>;
let own: string;
let foreign: string;
let reads: Record<string, Read>;
let writes: Record<string, Read>;

beforeAll(async () => {
  database = await openTestDb();
  const filled = await fillWholeWorkspace(database.db);
  ({ own, foreign } = filled);
  reads = filled.reads(database.db);
  writes = filled.writes(database.db);
});
afterAll(() => database.close());

/** What belongs to whoever asks may be something of their own, never of someone else. */
function mentions(result: unknown, workspaceId: string): boolean {
  return JSON.stringify(result ?? null).includes(workspaceId);
}

/** These have rows in every workspace, so the other one's own come back. */
const OWN_IN_BOTH = [
  'getWorkspace',
  'getPlaybook',
  'listPlaybooks',
  'listMembers',
  'pageMembers',
  'listHolders',
  'pageChannelAccounts',
  // Its members are events of its own.
  'readOutboxBacklog',
];

describe('another workspace', () => {
  it('reads nothing of this one, by id or by list', async () => {
    for (const [name, read] of Object.entries(reads)) {
      const mine = await read(own);
      expect(isNothing(mine), `${name} finds its own`).toBe(false);
      const theirs = await read(foreign);
      if (OWN_IN_BOTH.includes(name)) {
        expect(theirs, name).not.toEqual(mine);
        expect(mentions(theirs, own), name).toBe(false);
      } else {
        expect(isNothing(theirs), `${name} finds nothing foreign`).toBe(true);
      }
    }
  });

  it('changes nothing of this one', async () => {
    for (const [name, write] of Object.entries(writes)) {
      expect(isNothing(await write(foreign)), name).toBe(true);
    }
    const stolen = Object.fromEntries(
      await Promise.all(Object.entries(reads).map(async ([name, read]) => [name, await read(own)])),
    );
    expect(JSON.stringify(stolen)).not.toContain('stolen');
  });

  it('cannot be referred to: the database refuses a row that points across', async () => {
    const { db } = database;
    const member = await members.listMembers(db, { workspaceId: own });
    const createdBy = member[0]?.id ?? '';
    const crossing = campaigns.insertCampaign(db, {
      workspaceId: foreign,
      name: 'x',
      goal: 'attract',
      createdBy,
    });
    await expect(crossing).rejects.toMatchObject({ cause: { code: '23503' } });
    const key = apiKeys.createApiKey(db, { workspaceId: foreign, memberId: createdBy, name: 'x' });
    await expect(key).rejects.toMatchObject({ cause: { code: '23503' } });
  });

  it('shares no idempotency key with this one', async () => {
    const { db } = database;
    const {
      items: [mine],
    } = await apiKeys.listApiKeys(db, { workspaceId: own });
    const claim = {
      workspaceId: own,
      apiKeyId: mine?.id ?? '',
      key: 'k',
      route: 'POST /x',
      bodyHash: 'h',
    };
    expect(await idempotencyKeys.claimIdempotencyKey(db, claim)).toEqual({ state: 'claimed' });
    const theirs = { ...claim, workspaceId: foreign };
    const answer = await idempotencyKeys.claimIdempotencyKey(db, theirs);
    expect(answer).toEqual({ state: 'conflict' });
  });
});
