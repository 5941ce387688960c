import { randomUUID } from 'node:crypto';
import { createCommandSender } from '../../src/commands/command-sender.ts';
import type { Role } from '../../src/domain/people/roles.ts';
import { type CallOptions, type Json, openApi, type Reply, type TestApi } from './api-fixture.ts';
import { eventually } from './eventually.ts';
import { type EngineOptions, type ItemEngine, openItemEngine } from './item-engine.ts';

/** The API over a whole engine: database, worker and sandbox network. */
export interface EngineApi extends TestApi {
  engine: ItemEngine;
  /** Calls as the member of a role. */
  as(role: Role, method: string, path: string, options?: CallOptions): Promise<Reply>;
  /** The same below an item, for a request that must succeed. @returns its JSON. */
  ok(role: Role, method: string, path: string, body?: unknown): Promise<Json>;
}

export async function openEngineApi(
  change?: Parameters<typeof openApi>[1],
  options?: EngineOptions,
): Promise<EngineApi> {
  const engine = await openItemEngine(options);
  const { programDeps } = engine;
  const sender = createCommandSender(programDeps);
  const api = await openApi({ ...programDeps, sender }, change);
  const as: EngineApi['as'] = (role, ...request) => {
    const member = engine.workspace.members.find((candidate) => candidate.role === role);
    return api.call(member?.key ?? null, ...request);
  };
  return {
    ...api,
    engine,
    as,
    async ok(role, method, path, body) {
      const headers = method === 'GET' ? {} : { 'idempotency-key': randomUUID() };
      const request = body === undefined ? { headers } : { headers, body };
      const reply = await eventually(
        async () => {
          const answer = await as(role, method, path, request);
          // A busy machine stores nothing (503), or has no verdict yet (202), and no drainer runs here: the
          // same key is sent again, as the texts of both say.
          return answer.status === 503 || answer.status === 202 ? null : answer;
        },
        { what: `an answer to ${method} ${path}` },
      );
      if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.text}`);
      return reply.json;
    },
    async close() {
      await api.close();
      await engine.close();
    },
  };
}
