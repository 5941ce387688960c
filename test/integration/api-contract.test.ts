import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signWebhook } from '../../src/client/webhook-signature.ts';
import { derivedId } from '../../src/domain/ids.ts';
import { countRows, type Reply } from '../support/api-fixture.ts';
import { type EngineApi, openEngineApi } from '../support/engine-api.ts';
import { failedTasksOf } from '../support/failed-workflow-tasks.ts';
import { toKpiReview, toOffered, toReview } from '../support/item-story.ts';

/** What the contract says and a caller relies on: what decides, what is refused, and with which status. */

let api: EngineApi;
beforeAll(async () => {
  api = await openEngineApi();
});
afterAll(async () => {
  const failed = api && (await failedTasksOf(api.engine).finally(() => api.close()));
  expect(failed).toEqual([]);
});

interface Endpoint {
  url: string;
  secret: string;
}

type Decider = 'creator' | 'editor' | 'strategist' | 'social_media_manager';

const DECISIONS = ['accept_handoff', 'decline_handoff', 'decide_approval', 'sign_off'] as const;

function makeEndpoint(role: Decider, decisions: readonly string[] = DECISIONS): Promise<Endpoint> {
  const memberId = api.engine.workspace.memberOf(role);
  return api.ok('strategist', 'POST', '/v1/webhook-endpoints', { memberId, decisions, name: role });
}

async function start(): Promise<string> {
  return (await api.ok('strategist', 'POST', '/v1/items', { title: 'By contract' })).item.id;
}

const handoffOf = (itemId: string, count = 1) => derivedId('handoff', itemId, count);
const seqOf = async (itemId: string) => (await api.engine.item(itemId)).seq;

/** @param rename how the three signed headers are called. */
function deliver(
  { url, secret }: Endpoint,
  payload: object,
  rename: (headers: Record<string, string>) => Record<string, string> = (headers) => headers,
): Promise<Reply> {
  const body = JSON.stringify(payload);
  const signed = rename({ ...signWebhook({ secret, body, id: randomUUID() }) });
  return api.call(null, 'POST', url, {
    body,
    headers: { 'content-type': 'application/json', ...signed },
  });
}

const pathsOf = ({ json }: Reply): string[] =>
  json.issues.map(({ path }: { path: string }) => path);

describe('C20: a decision that does not name what it is about', () => {
  const NAMELESS: [type: (typeof DECISIONS)[number], by: Decider, data: object, names: string][] = [
    ['accept_handoff', 'creator', {}, 'handoffId'],
    ['decline_handoff', 'creator', { reason: 'off_brief' }, 'handoffId'],
    ['decide_approval', 'editor', { role: 'editor', decision: 'approve' }, 'contentHash'],
    ['sign_off', 'strategist', { role: 'strategist', decision: 'scale' }, 'reviewHash'],
  ];

  it.each(NAMELESS)('%s by a signed webhook is 400 and decides nothing', async (...given) => {
    const [type, by, data, names] = given;
    const itemId = await start();
    await toOffered(api.engine, itemId);
    const before = [await seqOf(itemId), await countRows(api.engine.deps.db, 'commands')];
    const endpoint = await makeEndpoint(by);
    for (const name of [undefined, '', null, 7]) {
      const named = name === undefined ? {} : { [names]: name };
      const reply = await deliver(endpoint, { type, data: { itemId, ...data, ...named } });
      expect([reply.status, reply.json.code]).toEqual([400, 'invalid_request']);
      expect(pathsOf(reply)).toEqual([`data.${names}`]);
    }
    expect([await seqOf(itemId), await countRows(api.engine.deps.db, 'commands')]).toEqual(before);
  });

  it('is 400 by its HTTP path, and in the place where every door ends', async () => {
    const itemId = await start();
    const contentHash = await toReview(api.engine, itemId);
    const at = `/v1/items/${itemId}`;
    const body = { role: 'editor', decision: 'approve' };
    const approval = await api.as('editor', 'POST', `${at}/approvals`, { body });
    expect([approval.status, pathsOf(approval)]).toEqual([400, ['contentHash']]);
    const sign = { role: 'strategist', decision: 'scale' };
    const signed = await api.as('strategist', 'POST', `${at}/kpi-review/sign-offs`, { body: sign });
    expect([signed.status, pathsOf(signed)]).toEqual([400, ['reviewHash']]);
    for (const verb of ['accept', 'decline', 'withdraw']) {
      const nameless = await api.as('creator', 'POST', `${at}/handoffs//${verb}`);
      expect(nameless.status).toBe(404);
    }
    for (const type of ['accept_handoff', 'decline_handoff', 'withdraw_handoff'] as const) {
      expect(await api.engine.send('creator', itemId, type, {})).toMatchObject({
        outcome: 'invalid',
        issues: [{ path: ['handoffId'] }],
      });
    }
    expect((await api.engine.context(itemId)).contentHash).toBe(contentHash);
  });

  it('is 409 when what it names no longer stands, and applied when it does', async () => {
    const itemId = await start();
    await toOffered(api.engine, itemId);
    const at = `/v1/items/${itemId}/handoffs`;
    await api.ok('strategist', 'POST', `${at}/${handoffOf(itemId)}/withdraw`, { reason: 'wait' });
    await api.engine.apply('strategist', itemId, 'offer_handoff', {
      checklist: Object.fromEntries(
        (await api.engine.context(itemId)).playbook.checklists.brief.map((code) => [code, true]),
      ),
    });
    const creator = await makeEndpoint('creator');
    const accept = (handoffId: string) =>
      deliver(creator, { type: 'accept_handoff', data: { itemId, handoffId } });
    for (const gone of [handoffOf(itemId, 1), handoffOf(itemId, 3), 'hnd_other_2']) {
      const reply = await accept(gone);
      expect(reply.status).toBe(409);
      expect(reply.json.unmet).toMatchObject([{ code: 'current_handoff' }]);
    }
    const late = await api.as('strategist', 'POST', `${at}/${handoffOf(itemId)}/withdraw`);
    expect(late.json.unmet).toMatchObject([{ code: 'current_handoff' }]);
    expect((await accept(handoffOf(itemId, 2))).json).toMatchObject({ stage: 'creation' });
  });

  it('a sign-off of an earlier review does not sign the later one', async () => {
    const itemId = await start();
    const reviewHash = await toKpiReview(api.engine, itemId);
    const data = { itemId, role: 'strategist', decision: 'scale' };
    const endpoint = await makeEndpoint('strategist');
    const sign = (hash: string) =>
      deliver(endpoint, { type: 'sign_off', data: { ...data, reviewHash: hash } });
    const other = await sign('0'.repeat(64));
    expect(other.json.unmet).toMatchObject([{ code: 'verdicts_seen' }]);
    expect((await sign(reviewHash)).json).toMatchObject({ outcome: 'applied' });
  });

  it('is 403 before anything of it is judged when the endpoint may not send it', async () => {
    const endpoint = await makeEndpoint('creator', ['decide_approval']);
    const reply = await deliver(endpoint, { type: 'accept_handoff', data: { junk: true } });
    expect([reply.status, reply.json.code]).toEqual([403, 'forbidden']);
  });
});

describe('A8: a payload of Standard Webhooks', () => {
  const refusedAs = async (reply: Promise<Reply>) => (await reply).json.code;
  const nobody = { itemId: 'itm_nobody', handoffId: 'hnd_nobody_1' };
  const call = { type: 'accept_handoff', data: nobody };

  it('may carry a timestamp and more in its envelope, and nothing unknown in its data', async () => {
    const itemId = await start();
    await toOffered(api.engine, itemId);
    const endpoint = await makeEndpoint('creator');
    const data = { itemId, handoffId: handoffOf(itemId) };
    const envelope = { timestamp: '2026-01-01T00:00:00.123456Z', version: 1, tenant: { id: 'x' } };
    const unknown = await deliver(endpoint, {
      ...envelope,
      type: 'accept_handoff',
      data: { ...data, timestamp: envelope.timestamp },
    });
    expect([unknown.status, pathsOf(unknown)]).toEqual([400, ['data.timestamp']]);
    for (const timestamp of [17, null, 'never']) {
      expect(await refusedAs(deliver(endpoint, { ...call, timestamp }))).toBe('not_found');
    }
    const applied = await deliver(endpoint, { ...envelope, type: 'accept_handoff', data });
    expect([applied.status, applied.json.outcome]).toEqual([200, 'applied']);
  });

  const svix = (headers: Record<string, string>) =>
    Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.replace('webhook-', 'svix-'), value]),
    );

  it('may come with svix headers, or with both when they agree', async () => {
    const endpoint = await makeEndpoint('creator');
    expect(await refusedAs(deliver(endpoint, call, svix))).toBe('not_found');
    const both = (headers: Record<string, string>) => ({ ...headers, ...svix(headers) });
    expect(await refusedAs(deliver(endpoint, call, both))).toBe('not_found');
  });

  it.each(['svix-id', 'svix-timestamp', 'svix-signature', 'webhook-id', 'webhook-signature'])(
    'is 401 when both sets are given and %s differs',
    async (name) => {
      const endpoint = await makeEndpoint('creator');
      const differing = (headers: Record<string, string>) => ({
        ...headers,
        ...svix(headers),
        [name]: name.endsWith('signature') ? `${headers['webhook-signature']} v1,AAAA` : '1',
      });
      expect(await refusedAs(deliver(endpoint, call, differing))).toBe('unauthenticated');
    },
  );

  it('is 401 when a svix header is forged', async () => {
    const endpoint = await makeEndpoint('creator');
    const forged = (headers: Record<string, string>) => ({ ...svix(headers), 'svix-id': 'other' });
    expect(await refusedAs(deliver(endpoint, call, forged))).toBe('unauthenticated');
  });
});
