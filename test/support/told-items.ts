import { newId } from '../../src/db/ids.ts';
import { projectEvents } from '../../src/db/item/projection.ts';
import { inWorkspace } from '../../src/db/workspace-scope.ts';
import type { Actor } from '../../src/domain/item/context.ts';
import { itemRowOf, outboxOf } from '../../src/domain/item/row.ts';
import type { Role } from '../../src/domain/people/roles.ts';
import { dispatchWaiting } from '../../src/telling/dispatcher.ts';
import { createNoticesConsumer } from '../../src/telling/notices-consumer.ts';
import {
  actor,
  briefDigest,
  draftDigest,
  itemInput,
  PLAYBOOK,
  TestRun,
} from '../machine/item-fixture.ts';
import { makeItem, type OpenTestDb, type TestWorkspace } from './db-fixture.ts';

/** An item whose run is in memory, with the members of a real workspace. */
export interface ToldItem {
  id: string;
  run: TestRun;
  by: (role: Role) => Actor;
  /** Commits what happened since the last call, and tells people. */
  tell(): Promise<void>;
  offer(): void;
  accept(): void;
  submit(version?: number): void;
}

export async function makeToldItem(
  { db, program }: OpenTestDb,
  workspace: TestWorkspace,
  title = 'A piece',
): Promise<ToldItem> {
  const { workspaceId, memberOf } = workspace;
  const id = newId('item');
  const by = (role: Role) => actor(memberOf(role), [role]);
  const run = new TestRun({
    ...itemInput(),
    itemId: id,
    workspaceId,
    at: new Date().toISOString(),
    team: {
      strategist: memberOf('strategist'),
      creator: memberOf('creator'),
      social_media_manager: memberOf('social_media_manager'),
    },
  });
  await makeItem(db, workspace, { id, title });
  const holders = { creator: [memberOf('creator')], editor: [memberOf('editor')] };
  let told = 0;
  return {
    id,
    run,
    by,
    async tell() {
      const events = run.events.slice(told);
      told = run.events.length;
      await projectEvents(db, {
        workspaceId,
        itemId: id,
        events,
        item: itemRowOf(run.snapshot, told),
        outbox: outboxOf(id, events),
      });
      await dispatchAll(program);
    },
    offer() {
      run.give('save_brief', by('strategist'), { brief: briefDigest() });
      const { brief } = PLAYBOOK.checklists;
      run.give('offer_handoff', by('strategist'), { checklist: brief }, { holders });
    },
    accept() {
      run.give('accept_handoff', by('creator'), {});
    },
    submit(version = 1) {
      run.give('save_draft', by('creator'), { draft: draftDigest(version) });
      const { review } = PLAYBOOK.checklists;
      run.give('submit_for_review', by('creator'), { checklist: review }, { holders });
    },
  };
}

/** Tells people all that waits, without a process of its own. */
export async function dispatchAll(db: OpenTestDb['program']): Promise<void> {
  const consumers = [createNoticesConsumer({ hasMail: true })];
  const wakeUps = { next: () => Promise.resolve() };
  const failures: string[] = [];
  const log = { warn: ({ reason }: { reason: string }) => void failures.push(reason) };
  while ((await dispatchWaiting({ db, wakeUps, consumers, log })) > 0);
  if (failures.length > 0) throw new Error(failures.join('; '));
}

/** Queries as the programs make them, held by row security. */
export function within<T>({ workspaceId }: TestWorkspace, work: () => Promise<T>): Promise<T> {
  return inWorkspace({ workspaceId }, work);
}
