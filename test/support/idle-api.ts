import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { inject } from 'vitest';
import { createCommandSender } from '../../src/commands/command-sender.ts';
import { CLIENT_CHANNEL_ARGS, CLIENT_INTERCEPTORS } from '../../src/engine/interceptors.ts';
import { type CallOptions, openApi, type Reply, type TestApi } from './api-fixture.ts';
import { makeWorkspace, type OpenTestDb, openTestDb, type TestWorkspace } from './db-fixture.ts';
import { createTestNamespace } from './test-namespace.ts';

/** The API on a real database and engine, without a worker: items start, commands stay pending. */
export interface IdleApi extends TestApi {
  database: OpenTestDb;
  workspace: TestWorkspace;
  keyOf(role: string): string;
  /** Calls as the member of a role. */
  as(role: string, method: string, path: string, options?: CallOptions): Promise<Reply>;
  /** The API once more over the same database, as another process has it. */
  another(): Promise<TestApi>;
  /** @returns the id of a started item. */
  start(body?: object): Promise<string>;
}

export async function openIdleApi(change?: Parameters<typeof openApi>[1]): Promise<IdleApi> {
  const database = await openTestDb(8);
  const connection = await Connection.connect({
    address: inject('temporalAddress'),
    interceptors: CLIENT_INTERCEPTORS,
    channelArgs: CLIENT_CHANNEL_ARGS,
  });
  const temporal = new Client({ connection, namespace: await createTestNamespace(connection) });
  const { db } = database;
  const given = { db: database.program, temporal, taskQueue: `test-${randomUUID()}` };
  const log = { warn: () => {}, error: () => {} };
  const another = () =>
    openApi({ ...given, sender: createCommandSender({ ...given, log }) }, change);
  const api = await another();
  const workspace = await makeWorkspace(db);
  const keyOf = (role: string): string => {
    const member = workspace.members.find((candidate) => candidate.role === role);
    if (member === undefined) throw new Error(`no key is made for ${role}`);
    return member.key;
  };
  const as: IdleApi['as'] = (role, ...request) => api.call(keyOf(role), ...request);
  return {
    ...api,
    database,
    workspace,
    keyOf,
    as,
    another,
    async start(body = {}) {
      const { status, text, json } = await as('strategist', 'POST', '/v1/items', {
        body: { title: 'An item of the test', ...body },
      });
      if (status !== 201) throw new Error(`start: ${text}`);
      return json.item.id;
    },
    async close() {
      await api.close();
      await connection.close();
      await database.close();
    },
  };
}
