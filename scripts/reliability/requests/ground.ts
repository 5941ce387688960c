import { createApiKey } from '../../../src/db/workspace/api-keys.ts';
import { bootstrapWorkspace } from '../../../src/db/workspace/bootstrap.ts';
import { insertMember } from '../../../src/db/workspace/members.ts';
import { ROLES, type Role } from '../../../src/domain/people/roles.ts';
import { STANDARD_PLAYBOOK } from '../../../src/domain/playbook/standard.ts';
import { makeOfferedItems } from '../items.ts';
import { createPeople, type People } from '../people.ts';
import type { Site } from '../site.ts';
import type { Known } from './operations.ts';

/** A workspace of its own for a line that asks everything, with one thing of each kind in it. */
export interface Ground {
  workspaceId: string;
  people: People;
  keyOf(role: Role): string;
  /** What exists, by the segment of a path that comes before its id. */
  known: Known;
  /** Nobody works with it: its member and key may be changed by requests. */
  spareMemberId: string;
  endpoint: { url: string; secret: string };
}

const CALENDAR = {
  zone: 'Europe/Paris',
  workdays: [1, 2, 3, 4, 5],
  from: '09:00',
  to: '17:00',
  holidaysCountry: null,
};

export async function makeGround({ database, api }: Site, name: string): Promise<Ground> {
  const { db } = database;
  const made = await bootstrapWorkspace(db, {
    name: `${name} ${Date.now()} ${Math.random()}`,
    calendar: CALENDAR,
    members: ROLES.map((role) => ({ name: role, roles: [role], platformTags: { sandbox: 3 } })),
    channelAccounts: [{ channel: 'sandbox', name, zone: 'Europe/Paris' }],
    playbook: STANDARD_PLAYBOOK,
  });
  if (made === null) throw new Error(`there is a workspace ${name} already`);
  const { workspaceId, members, channelAccounts } = made;
  const keyOf = (role: Role) => members.find((one) => one.role === role)?.key ?? '';
  const people = createPeople({ workspaceId, members }, [api.url]);
  const spare = await insertMember(db, { workspaceId, name: 'spare', roles: ['creator'] });
  const spareKey = await createApiKey(db, { workspaceId, memberId: spare.id, name: 'spare' });
  const [itemId = ''] = await makeOfferedItems(people, 1);
  const ask = <T>(method: string, path: string, body?: object) =>
    people.ask<T>('admin', method, path, body);
  const day = (count: number) => new Date(Date.now() + count * 86_400_000).toISOString();
  const endpoint = await ask<{ id: string; url: string; secret: string }>(
    'POST',
    '/v1/webhook-endpoints',
    { memberId: people.idOf('creator'), decisions: ['accept_handoff'], name },
  );
  const campaign = await ask<{ id: string }>('POST', '/v1/campaigns', { name, goal: 'engage' });
  const feed = await ask<{ id: string }>('POST', '/v1/calendar/feeds', {});
  const blackout = await ask<{ id: string }>('POST', '/v1/blackouts', {
    from: day(400),
    until: day(401),
    reason: name,
  });
  const { rows } = await database.pool.query<{ id: string }>(
    'select id from commands where workspace_id = $1 limit 1',
    [workspaceId],
  );
  return {
    workspaceId,
    people,
    keyOf,
    spareMemberId: spare.id,
    endpoint,
    known: {
      items: itemId,
      handoffs: `hnd_${itemId.slice(4)}_1`,
      publications: `pub_${itemId.slice(4)}_1`,
      members: spare.id,
      'api-keys': spareKey.id,
      'channel-accounts': channelAccounts[0]?.channelAccountId ?? '',
      campaigns: campaign.id,
      feeds: feed.id,
      blackouts: blackout.id,
      'webhook-endpoints': endpoint.id,
      webhooks: endpoint.id,
      commands: rows[0]?.id ?? '',
    },
  };
}
