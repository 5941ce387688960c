import { randomUUID } from 'node:crypto';
import { type Client, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { Pool } from 'undici';
import { newId } from '../../src/db/ids.ts';
import { itemWorkflowId } from '../../src/domain/ids.ts';
import type { PinnedPlaybook } from '../../src/domain/item/context.ts';
import { OWNER_ROLES, type Role } from '../../src/domain/people/roles.ts';
import { type ContentItemInput, REFUSED } from '../../src/workflows/messages.ts';
import type { BareInput } from './bare-workflows.ts';
import { BARE_QUEUE, BATON_QUEUE } from './bench-stack.ts';
import { messageMaker, type SharedFacts, type Step, TWELVE_COMMANDS } from './commands.ts';

/** What every way of running an item can do. */
export interface Variant {
  readonly key: VariantKey;
  readonly label: string;
  /** Starts an item and returns its id. */
  start(): Promise<string>;
  /** @throws Error unless the command is accepted. */
  accept(itemId: string, step: Step): Promise<void>;
  /** @throws Error unless the command is refused. */
  refuse(itemId: string, step: Step): Promise<void>;
}

export const VARIANT_KEYS = ['a', 'b', 'c', 'd'] as const;
export type VariantKey = (typeof VARIANT_KEYS)[number];

/** Who acts, and what the API would have looked up; read once, before anything is measured. */
export interface Cast {
  workspaceId: string;
  members: Record<Role, { memberId: string; key: string }>;
  facts: SharedFacts;
  playbook: PinnedPlaybook;
}

/** Runs that are driven by the Temporal client: the two bare ones, and Baton's without its API. */
export function engineVariants(temporal: Client, cast: Cast): Variant[] {
  const order = TWELVE_COMMANDS.map(({ type }) => type);
  const bare = (input: ContentItemInput): [BareInput] => [{ item: input, order }];
  return [
    overSdk({
      key: 'a',
      label: 'bare workflow, nothing recorded',
      temporal,
      cast,
      workflow: 'bareItem',
      taskQueue: BARE_QUEUE,
      argumentsFor: bare,
    }),
    overSdk({
      key: 'b',
      label: 'bare workflow, recorded by an activity',
      temporal,
      cast,
      workflow: 'recordedItem',
      taskQueue: BARE_QUEUE,
      argumentsFor: bare,
    }),
    overSdk({
      key: 'c',
      label: "Baton's run through the client SDK",
      temporal,
      cast,
      workflow: 'contentItem',
      taskQueue: BATON_QUEUE,
      argumentsFor: (input) => [input],
    }),
  ];
}

function overSdk(options: {
  key: VariantKey;
  label: string;
  temporal: Client;
  cast: Cast;
  workflow: string;
  taskQueue: string;
  argumentsFor: (input: ContentItemInput) => unknown[];
}): Variant {
  const { key, label, temporal, cast, workflow, taskQueue, argumentsFor } = options;
  const messageOf = messageMaker(cast.facts);
  function update(itemId: string, step: Step): Promise<unknown> {
    const id = `bench:${randomUUID()}`;
    const { memberId } = cast.members[step.role];
    const message = messageOf(step, { id, memberId, itemId });
    return temporal.workflow
      .getHandle(itemWorkflowId(itemId))
      .executeUpdate('command', { updateId: id, args: [message] });
  }
  return {
    key,
    label,
    async start() {
      const itemId = newId('item');
      await temporal.workflow.start(workflow, {
        workflowId: itemWorkflowId(itemId),
        taskQueue,
        args: argumentsFor(inputOf(cast, itemId)),
      });
      return itemId;
    },
    async accept(itemId, step) {
      await update(itemId, step);
    },
    async refuse(itemId, step) {
      try {
        await update(itemId, step);
      } catch (error) {
        if (isRefusal(error)) return;
        throw error;
      }
      throw new Error(`${label}: ${step.type} was accepted, but it should be refused`);
    },
  };
}

function isRefusal(error: unknown): boolean {
  return (
    error instanceof WorkflowUpdateFailedError &&
    error.cause instanceof ApplicationFailure &&
    error.cause.type === REFUSED
  );
}

/** What the API would start the item's run with. */
export function inputOf(
  { workspaceId, members, facts, playbook }: Cast,
  itemId: string,
): ContentItemInput {
  const [strategist, creator, manager] = OWNER_ROLES.map((role) => members[role].memberId);
  return {
    commandId: `bench:start:${itemId}`,
    actor: strategist ?? '',
    item: {
      itemId,
      workspaceId,
      playbook,
      team: {
        strategist: strategist ?? null,
        creator: creator ?? null,
        social_media_manager: manager ?? null,
      },
      campaign: null,
      brief: null,
      at: new Date().toISOString(),
      clocks: facts.clocks,
    },
  };
}

/** An item as anybody drives it: over HTTP, on connections that stay open. */
export function httpVariant(pool: Pool, { members }: Cast): Variant {
  async function call(
    role: Role,
    request: { method: 'POST' | 'PUT'; path: string; body: object },
  ): Promise<{ status: number; text: string }> {
    const { statusCode, body } = await pool.request({
      method: request.method,
      path: request.path,
      headers: {
        authorization: `Bearer ${members[role].key}`,
        'content-type': 'application/json',
        'idempotency-key': randomUUID(),
      },
      body: JSON.stringify(request.body),
    });
    return { status: statusCode, text: await body.text() };
  }
  async function expectStatus(itemId: string, step: Step, wanted: number): Promise<void> {
    const { status, text } = await call(step.role, step.request(itemId));
    if (status !== wanted) throw new Error(`HTTP ${step.type}: ${status} ${text.slice(0, 500)}`);
    JSON.parse(text);
  }
  return {
    key: 'd',
    label: 'Baton through HTTP',
    async start() {
      const request = { method: 'POST', path: '/v1/items', body: { title: 'Bench' } } as const;
      const { status, text } = await call('strategist', request);
      if (status !== 201) throw new Error(`HTTP start: ${status} ${text.slice(0, 500)}`);
      const { item }: { item: { id: string } } = JSON.parse(text);
      return item.id;
    },
    accept: (itemId, step) => expectStatus(itemId, step, 200),
    refuse: (itemId, step) => expectStatus(itemId, step, 409),
  };
}
