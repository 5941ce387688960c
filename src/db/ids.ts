import { ulid } from 'ulid';
import { ID_PREFIXES, type IdKind } from '../domain/ids.ts';

/** A new id of a kind, e.g. `itm_01J…`: sortable by time, not guessable. */
export function newId(kind: IdKind): string {
  return `${ID_PREFIXES[kind]}_${ulid()}`;
}
