import type { Migrations, SnapshotParts } from '../../../src/domain/item/versions/migrations.ts';
import { MIGRATIONS as PRESENT } from '../../../src/domain/item/versions/migrations.ts';
import { DRAFTING, REVISING } from './revising.ts';

/** An item that was sent back is in the new state, or returns to it. */
function toRevising({ value, context }: SnapshotParts): SnapshotParts {
  if (context['round'] === 0) return { value, context };
  const isDrafting = typeof value === 'object' && value['creation'] === 'drafting';
  return {
    value: isDrafting ? { creation: 'revising' } : value,
    context: {
      ...context,
      heldFrom: context['heldFrom'] === DRAFTING ? REVISING : context['heldFrom'],
    },
  };
}

export const MIGRATIONS: Migrations = { ...PRESENT, 1: toRevising };
