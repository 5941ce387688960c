import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { Json } from './api-fixture.ts';
import type { EngineApi } from './engine-api.ts';
import { acceptHandoff, approve, DAY_MS, submit, toCreation } from './item-story.ts';

export const EVERY_HOUR = Array.from({ length: 7 }, (_, day) =>
  Array.from({ length: 24 }, (__, hour) => ({
    weekday: day + 1,
    time: `${String(hour).padStart(2, '0')}:30`,
  })),
).flat();

/** An account of the test's own with weekly slots. */
export async function makeAccount(
  api: EngineApi,
  schedule: object | null,
  zone = 'Europe/Paris',
): Promise<string> {
  const { id } = await api.ok('social_media_manager', 'POST', '/v1/channel-accounts', {
    channel: 'sandbox',
    name: `account ${randomUUID()}`,
    zone,
  });
  if (schedule !== null) {
    await api.ok('social_media_manager', 'PUT', `/v1/channel-accounts/${id}/slots`, schedule);
  }
  return id;
}

export async function inCreation(api: EngineApi): Promise<string> {
  const itemId = await api.engine.start();
  await toCreation(api.engine, itemId);
  return itemId;
}

export async function plan(api: EngineApi, itemId: string, publication: object): Promise<Json> {
  const body = { publications: [publication] };
  return api.ok('social_media_manager', 'PUT', `/v1/items/${itemId}/schedule`, body);
}

/** Gives the item's first slot back. */
export async function skip(api: EngineApi, itemId: string): Promise<void> {
  const [record] = (await api.engine.context(itemId)).publications;
  const path = `/v1/items/${itemId}/publications/${record?.id}/skip`;
  await api.ok('social_media_manager', 'POST', path, { reason: 'another plan' });
}

/** Held in creation, then approved and accepted: the next plan makes it firm. */
export async function heldUntilPlanning(
  api: EngineApi,
  channelAccountId: string,
  time: { at: string } | { slot: 'next' } = { at: later(9 * DAY_MS) },
): Promise<string> {
  const itemId = await inCreation(api);
  await plan(api, itemId, { channelAccountId, ...time });
  await approve(api.engine, itemId, await submit(api.engine, itemId));
  await acceptHandoff(api.engine, itemId, 'social_media_manager');
  return itemId;
}

export async function refusedFirming(api: EngineApi, itemId: string): Promise<Json[]> {
  const path = `/v1/items/${itemId}/schedule`;
  const body = { publications: [] };
  const { status, json } = await api.as('social_media_manager', 'PUT', path, { body });
  expect(status).toBe(409);
  return json.unmet;
}

export const later = (ms: number) => new Date(Date.now() + ms).toISOString();
