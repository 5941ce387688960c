import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { asLogin, makeProgramLogin } from '../../scripts/local/program-login.ts';
import { createDb } from '../../src/db/client.ts';
import { migrate } from '../../src/db/migrate.ts';
import { authenticateApiKey } from '../../src/db/workspace/api-keys.ts';
import { listMembers } from '../../src/db/workspace/members.ts';
import { listWorkspaces } from '../../src/db/workspace/workspaces.ts';
import { inWorkspace } from '../../src/db/workspace-scope.ts';
import { makeWorkspace } from '../support/db-fixture.ts';

/** As docker/create-databases.sh makes them: the owner is no superuser and may make no roles. */
const name = `owner_${randomBytes(6).toString('hex')}`;
const program = `${name}_app`;
let admin: pg.Client;
let ownerUrl: string;
let programUrl: string;

beforeAll(async () => {
  const adminUrl = inject('databaseUrl');
  admin = new pg.Client({ connectionString: adminUrl });
  await admin.connect();
  await admin.query(`create role ${name} login password 'owner'`);
  await admin.query(`create database ${name} owner ${name}`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  ownerUrl = asLogin(url.href, { name, password: 'owner' });
  programUrl = await makeProgramLogin(url.href, program);
});
afterAll(async () => {
  await admin.query(`drop database if exists ${name} with (force)`);
  await admin.query(`drop role if exists ${name}`);
  await admin.query(`drop role if exists ${program}`);
  await admin.end();
});

it('an owner without other rights migrates, makes a workspace, and is held by row security', async () => {
  await migrate(ownerUrl);
  const owner = createDb(ownerUrl, { max: 2 });
  const programs = createDb(programUrl, { max: 2, scopedOnly: true });
  try {
    const { workspaceId, members } = await makeWorkspace(owner.db);
    const { rows } = await owner.pool.query('select id from members');
    expect(rows).toEqual([]);
    expect(await listWorkspaces(owner.db)).toHaveLength(1);
    const found = await authenticateApiKey(programs.db, members[0]?.key ?? '');
    expect(found).toMatchObject({ workspaceId });
    const seen = await inWorkspace({ workspaceId }, () =>
      listMembers(programs.db, { workspaceId }),
    );
    expect(seen).toHaveLength(4);
    const acts = await inWorkspace({ workspaceId }, () =>
      owner.pool.query('select seq from administrative_acts'),
    );
    expect(acts.rows.length).toBeGreaterThan(8);
    await expect(
      programs.pool.connect().then(async (client) => {
        try {
          return await client.query('alter table members disable row level security');
        } finally {
          client.release();
        }
      }),
    ).rejects.toMatchObject({ code: '42501' });
  } finally {
    await programs.close();
    await owner.close();
  }
}, 60_000);
