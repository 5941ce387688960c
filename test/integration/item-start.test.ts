import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StartRequest } from '../../src/commands/command-outcome.ts';
import { createCommandSender } from '../../src/commands/command-sender.ts';
import { updateMember } from '../../src/db/workspace/members.ts';
import { countRows } from '../support/api-fixture.ts';
import { makeBrief } from '../support/content.ts';
import { makeWorkspace } from '../support/db-fixture.ts';
import { dyingClient } from '../support/dying-client.ts';
import { type ItemEngine, newCommandId, openItemEngine } from '../support/item-engine.ts';

let engine: ItemEngine;
beforeAll(async () => {
  engine = await openItemEngine();
});
afterAll(() => engine?.close());

describe('a start', () => {
  it('is one run for one key, also when twenty arrive together', async () => {
    const commandId = newCommandId();
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => engine.requestStart({}, commandId)),
    );
    for (const outcome of outcomes) expect(outcome).toEqual(outcomes[0]);
    expect(outcomes[0]).toMatchObject({ outcome: 'applied', answer: { seq: 1 } });
    const again = await engine.requestStart({}, commandId);
    expect(again).toEqual(outcomes[0]);
  });

  it('is a conflict with another body', async () => {
    const commandId = newCommandId();
    await engine.requestStart({}, commandId);
    const other = await engine.requestStart({ title: 'Another' }, commandId);
    expect(other).toEqual({ outcome: 'idempotency_conflict', commandId });
  });

  for (const at of ['before_engine', 'after_engine'] as const) {
    it(`that died ${at.replace('_', ' the ')} is completed by the drainer`, async () => {
      const commandId = newCommandId();
      const body = { title: 'An item of the test' };
      const caller = engine.callerFor('strategist');
      const bodyHash = randomUUID();
      const request: StartRequest = { caller, commandId, body, source: 'http', bodyHash };
      const temporal = dyingClient(engine.deps.temporal, at);
      const died = await createCommandSender({ ...engine.deps, temporal }).start(request);
      if (died.outcome !== 'pending') throw new Error(JSON.stringify(died));
      expect((await engine.item(died.itemId)).seq).toBe(0);
      await engine.drain(commandId);
      expect(await engine.sender.start(request)).toMatchObject({
        outcome: 'applied',
        itemId: died.itemId,
      });
      expect(await engine.item(died.itemId)).toMatchObject({ seq: 1, stage: 'briefing' });
      const run = await engine.runState(died.itemId);
      expect((await engine.chain(died.itemId))[0]?.hash).toBe(run.headHash);
    });
  }

  it('with a brief needs the right to save one; without, anybody may start', async () => {
    const { db } = engine.deps;
    const brief = makeBrief();
    for (const role of ['creator', 'social_media_manager', 'editor'] as const) {
      const caller = engine.callerFor(role);
      const send = (body: StartRequest['body'], commandId = newCommandId()) =>
        engine.sender.start({ caller, commandId, body, source: 'http', bodyHash: 'b' });
      const before = await countRows(db, 'briefs');
      const commandId = newCommandId();
      // Rights come before content: the playbook that does not exist is not looked for.
      const body = { title: 'With a brief', brief, playbook: 'unknown' };
      const refused = await send(body, commandId);
      expect(refused).toMatchObject({
        outcome: 'refused',
        unmet: [{ code: 'holds_role', role: 'strategist' }],
      });
      expect(await send(body, commandId)).toEqual(refused);
      expect(await countRows(db, 'briefs')).toBe(before);
      expect(await send({ title: 'Without' })).toMatchObject({ outcome: 'applied' });
    }
    const strategist = await engine.requestStart({ title: 'With a brief', brief });
    expect(strategist).toMatchObject({ outcome: 'applied' });
  });

  it('is refused for good when a needed role has nobody', async () => {
    const { db } = engine.deps;
    const lonely = await makeWorkspace(db);
    const creator = {
      workspaceId: lonely.workspaceId,
      memberId: lonely.memberOf('creator'),
    };
    await updateMember(db, { ...creator, change: { active: false } });
    const caller = {
      workspaceId: lonely.workspaceId,
      memberId: lonely.memberOf('strategist'),
      roles: ['strategist' as const],
    };
    const body = { title: 'Nobody writes it' };
    const commandId = newCommandId();
    const request: StartRequest = { caller, commandId, body, source: 'http', bodyHash: 'b' };
    const first = await engine.sender.start(request);
    expect(first).toMatchObject({
      outcome: 'refused',
      unmet: [{ code: 'receiver_exists', role: 'creator' }],
    });
    await updateMember(db, { ...creator, change: { active: true } });
    expect(await engine.sender.start(request)).toEqual(first);
  });
});
