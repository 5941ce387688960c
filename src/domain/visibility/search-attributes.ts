import { dueAtOf } from '../item/clock.ts';
import { waitingOn } from '../item/responsible.ts';
import { type ItemSnapshot, placeOf } from '../item/run.ts';
import { stageOf } from '../item/stages.ts';

/**
 * What the engine's own index knows of an item's run, so that its operators can filter. The engine
 * stores it in the clear: ids, codes and instants only. Baton itself never reads it.
 */
export const SEARCH_ATTRIBUTES = {
  workspace: { name: 'BatonWorkspace', type: 'KEYWORD' },
  stage: { name: 'BatonStage', type: 'KEYWORD' },
  waitingRole: { name: 'BatonWaitingRole', type: 'KEYWORD_LIST' },
  dueAt: { name: 'BatonDueAt', type: 'DATETIME' },
} as const;

/** An attribute with its value; null takes it away. */
export type SearchAttributeUpdate =
  | { key: typeof SEARCH_ATTRIBUTES.workspace | typeof SEARCH_ATTRIBUTES.stage; value: string }
  | { key: typeof SEARCH_ATTRIBUTES.waitingRole; value: string[] | null }
  | { key: typeof SEARCH_ATTRIBUTES.dueAt; value: Date | null };

/** The one attribute of a run that belongs to a workspace and to no item. */
export function workspaceAttribute(workspaceId: string) {
  return { key: SEARCH_ATTRIBUTES.workspace, value: workspaceId };
}

/** The attributes of an item where it stands. */
export function searchAttributesOf(snapshot: ItemSnapshot): SearchAttributeUpdate[] {
  const place = placeOf(snapshot);
  const { context } = snapshot;
  const roles = [...new Set(waitingOn(place, context).map(({ role }) => role))];
  const dueAt = dueAtOf(context);
  return [
    { key: SEARCH_ATTRIBUTES.workspace, value: context.workspaceId },
    { key: SEARCH_ATTRIBUTES.stage, value: stageOf(place) },
    { key: SEARCH_ATTRIBUTES.waitingRole, value: roles.length === 0 ? null : roles },
    { key: SEARCH_ATTRIBUTES.dueAt, value: dueAt === null ? null : new Date(dueAt) },
  ];
}
