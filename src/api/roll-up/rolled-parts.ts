import { z } from '@hono/zod-openapi';
import type { KpiId } from '../../domain/kpi/catalogue.ts';
import { compareText, type Scope } from '../../domain/kpi/readings.ts';
import {
  type AlikeItems,
  alikeCheckpoints,
  alikeTree,
} from '../../domain/kpi/roll-up/alike-items.ts';
import { rollUp } from '../../domain/kpi/roll-up/base-sums.ts';
import { descendants, nodeOf, type ScopeNode } from '../../domain/kpi/roll-up/rollup.ts';
import { MISSING_NAMES, scopeKpis } from '../../domain/kpi/roll-up/scope-kpis.ts';
import type { KpiTarget } from '../../domain/kpi/targets.ts';
import { Coverage, Verdict, VerdictRow } from '../../domain/kpi/verdict-schema.ts';
import { jobOf } from '../../threads/threads.ts';

/** One KPI of one part. It is of each role that has it in the catalogue. */
const RolledKpi = VerdictRow.omit({ role: true, readings: true, primary: true, scope: true })
  .extend({
    reviewed: Verdict.optional().describe(
      'the verdict in the frozen review of the campaign on the same target, where readings that came later turned it',
    ),
  })
  .meta({ id: 'RolledKpi' });

/** A part of a roll-up at each checkpoint, oldest first. */
export const RolledPart = z
  .object({
    scope: VerdictRow.shape.scope,
    checkpoints: z.array(
      z.object({
        checkpoint: z.string().nullable().describe('null: readings that name no checkpoint'),
        kpis: z.array(RolledKpi),
        measures: z
          .record(z.string(), z.object({ value: z.number(), coverage: Coverage }))
          .describe('sums of base measures; what must not be added is under a `gross_` name'),
      }),
    ),
  })
  .meta({ id: 'RolledPart' });
export type RolledPart = z.infer<typeof RolledPart>;

/** Shown where no checkpoint is asked for: whoever states readings may name thousands. */
const MAX_CHECKPOINTS = 20;

export interface PartsRequest {
  items: readonly AlikeItems[];
  /** Whole: the items together. */
  level: 'whole' | 'channel' | 'item';
  kpis: readonly KpiId[];
  checkpoint?: string | undefined;
  targets?: readonly KpiTarget[] | undefined;
  /** The items are not all of what the targets are set for. */
  isSlice?: boolean | undefined;
  /** Parts at most, in the order of their scopes, after the one given. */
  limit: number;
  after: string;
}

/** Parts of a roll-up, and whether there are more. */
export function rolledParts(request: PartsRequest): { parts: RolledPart[]; more: boolean } {
  const { items, level, limit, after } = request;
  const named = alikeCheckpoints(items).slice(0, MAX_CHECKPOINTS);
  const asked = request.checkpoint === undefined ? named : [request.checkpoint];
  const checkpoints = asked.length === 0 ? [null] : asked;
  const trees = checkpoints.map((checkpoint) => ({
    checkpoint,
    tree: alikeTree(items, checkpoint),
  }));
  const scopes = scopesAt(level, trees[0]?.tree).filter((scope) => compareText(scope, after) > 0);
  const parts = scopes.slice(0, limit).map((scope) => ({
    scope,
    checkpoints: trees.map(({ checkpoint, tree }) => {
      const node = nodeOf(tree, scope) ?? { scope, cells: new Map(), children: [] };
      return { checkpoint, ...figures(node, checkpoint, request) };
    }),
  }));
  return { parts, more: scopes.length > limit };
}

export const ROLLED_PARTS = jobOf(import.meta, rolledParts);

function figures(
  tree: ScopeNode,
  checkpoint: string | null,
  { kpis, targets = [], isSlice }: PartsRequest,
): Omit<RolledPart['checkpoints'][number], 'checkpoint'> {
  const { values, gross, coverage } = rollUp(tree);
  const sums = { ...values, ...gross };
  return {
    kpis: scopeKpis({ tree, checkpoint, kpis, targets, isSlice }).map(
      ({ role: _, readings: __, primary: ___, scope: ____, ...row }) => row,
    ),
    measures: Object.fromEntries(
      Object.entries(sums).map(([name, value]) => {
        const found = coverage[name.replace('gross_', '') as keyof typeof coverage];
        const { have, of, missing } = found ?? { have: 0, of: 0, missing: [] };
        return [name, { value, coverage: { have, of, missing: missing.slice(0, MISSING_NAMES) } }];
      }),
    ),
  };
}

function scopesAt(level: PartsRequest['level'], tree: ScopeNode | undefined): Scope[] {
  if (tree === undefined) return [];
  if (level === 'whole') return [tree.scope];
  if (level === 'item') return tree.children.map(({ scope }) => scope);
  const accounts = descendants(tree).filter(({ scope }) => scope.startsWith('channel:'));
  return [...new Set(accounts.map(({ scope }) => scope))].sort(compareText);
}
