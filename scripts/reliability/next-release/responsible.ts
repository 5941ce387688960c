import * as present from '../../../src/domain/item/responsible.ts';
import type { Place } from '../../../src/domain/item/stages.ts';
import { DRAFTING, REVISING } from './revising.ts';

export * from '../../../src/domain/item/responsible.ts';

/** Whoever writes a draft revises it. */
function before(place: Place): Place {
  return place === REVISING ? DRAFTING : place;
}

export const responsibleRoles: typeof present.responsibleRoles = (place, context) =>
  present.responsibleRoles(before(place), { ...context, heldFrom: heldBefore(context) });

export const ownerOf: typeof present.ownerOf = (place, context) =>
  present.ownerOf(before(place), { ...context, heldFrom: heldBefore(context) });

export const waitingOn: typeof present.waitingOn = (place, context) =>
  present.waitingOn(before(place), { ...context, heldFrom: heldBefore(context) });

function heldBefore({ heldFrom }: { heldFrom: Place | null }): Place | null {
  return heldFrom === null ? null : before(heldFrom);
}
