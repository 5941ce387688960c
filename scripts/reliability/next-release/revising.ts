import type { Place } from '../../../src/domain/item/stages.ts';

/** The state that the next release has and this one does not: changes were asked for. */
export const REVISING = 'creation.revising' as Place;
/** Where this release keeps such an item. */
export const DRAFTING = 'creation.drafting' satisfies Place;
