import { OWNER_ROLES, type OwnerRole } from '../people/roles.ts';
import { judgedFigure, KPI_IDS, type KpiId, kpiDefinition } from './catalogue.ts';
import { figureOf, type KpiFigure } from './figure.ts';
import { formatValue } from './format.ts';
import type { Reading } from './measures.ts';
import { checkpointAgeHours, checkpointsOf, compareText, type Scope } from './readings.ts';
import {
  campaignTree,
  descendants,
  type MeasuredPublication,
  nodeOf,
  publishedOnes,
  type ScopeNode,
  scopeTree,
} from './rollup.ts';
import type { KpiTarget } from './targets.ts';
import { verdictFor } from './verdict.ts';
import type { ReviewVerdicts, RoleVerdict, VerdictRow } from './verdict-schema.ts';

/** What became of one planned checkpoint of one publication. */
export interface MeasuredCheckpoint {
  publicationId: string;
  checkpoint: string;
  state: 'due' | 'recorded' | 'missing';
}

/** The part of a review that one item contributes. */
export interface MeasuredItem {
  publications: readonly MeasuredPublication[];
  readings: readonly Reading[];
  checkpoints: readonly MeasuredCheckpoint[];
}

export interface ReviewInput extends MeasuredItem {
  targets: readonly KpiTarget[];
  /** Whose KPIs; all three roles when absent. */
  roles?: readonly OwnerRole[];
}

/**
 * Judges one item: a row per KPI, role and target for the item as a whole, then for each channel
 * account and publication that has something to say. A target on a count belongs to the whole item;
 * rates, ranks and points are judged in every part. The order of the input does not matter, but for
 * targets: the first one leads where none is marked as primary.
 */
export function reviewVerdicts(input: ReviewInput): ReviewVerdicts {
  const publications = publishedOnes(input.publications);
  const treeAt = memoOf((checkpoint) =>
    scopeTree({ publications, readings: input.readings, checkpoint }),
  );
  return review(input, {
    treeAt,
    checkpoints: checkpointsOf(input.readings),
    planned: input.checkpoints,
  });
}

/**
 * Judges a campaign over its items: counters are added, both sides of a ratio are added before it is
 * divided, and people are never added but under a `gross_` name. An account that several items use
 * counts once.
 */
export function campaignVerdicts(input: {
  targets: readonly KpiTarget[];
  items: readonly (MeasuredItem & { itemId: string })[];
  roles?: readonly OwnerRole[];
  /** Judged besides the whole: accounts and publications, when absent. */
  parts?: 'accounts';
}): ReviewVerdicts {
  const treeAt = memoOf((checkpoint) =>
    campaignTree(
      input.items.map(({ itemId, publications, readings }) => ({
        itemId,
        tree: scopeTree({ publications: publishedOnes(publications), readings, checkpoint }),
      })),
    ),
  );
  return review(input, {
    treeAt,
    checkpoints: checkpointsOf(input.items.flatMap(({ readings }) => readings)),
    planned: input.items.flatMap(({ checkpoints }) => checkpoints),
  });
}

interface Measured {
  treeAt: (checkpoint: string | null) => ScopeNode;
  /** Oldest age first. */
  checkpoints: readonly string[];
  planned: readonly MeasuredCheckpoint[];
}

function review(
  input: { targets: readonly KpiTarget[]; roles?: readonly OwnerRole[]; parts?: 'accounts' },
  measured: Measured,
): ReviewVerdicts {
  const primary = input.targets.find((target) => target.primary) ?? input.targets[0] ?? null;
  const roles = OWNER_ROLES.filter((role) => input.roles?.includes(role) ?? true);
  const scopes = scopesOf(measured.treeAt(null)).filter(
    (scope) => input.parts !== 'accounts' || !scope.startsWith('publication:'),
  );
  const rows = scopes.flatMap((scope) =>
    roles.flatMap((role) =>
      KPI_IDS.filter((kpi) => kpiDefinition(kpi).roles.includes(role)).flatMap((kpi) =>
        rowsOf(
          { kpi, role, scope, whole: scope === scopes[0], targets: input.targets, primary },
          measured,
        ),
      ),
    ),
  );
  const wholeRows = rows.filter(({ scope }) => scope === scopes[0]);
  const leading = wholeRows.find((row) => row.primary);
  return {
    rows,
    primary: primary === null ? null : { kpi: primary.kpi, checkpoint: primary.checkpoint },
    combined:
      leading === undefined
        ? { verdict: 'no_target', kpi: null, reason: 'No target was set.' }
        : { verdict: leading.verdict, kpi: leading.kpi, reason: leading.reason },
    roles: roles.map((role) => roleVerdict(role, wholeRows, input.targets)),
    readings: [...new Set(rows.flatMap((row) => row.readings))].sort(compareText),
  };
}

interface RowSubject {
  kpi: KpiId;
  role: OwnerRole;
  scope: Scope;
  whole: boolean;
  targets: readonly KpiTarget[];
  primary: KpiTarget | null;
}

function rowsOf(subject: RowSubject, measured: Measured): VerdictRow[] {
  const { kpi, role, scope, whole, primary } = subject;
  if (kpiDefinition(kpi).parts === 'accounts' && scope.startsWith('publication:')) return [];
  const targets = subject.targets
    .filter((target) => target.kpi === kpi)
    .toSorted((a, b) => ageOf(a) - ageOf(b));
  if (targets.length === 0) {
    const figures = figuresOf(kpi, scope, null, latestWithValue(kpi, scope, measured), measured);
    const row = verdictFor({ ...figures, role, target: null });
    return whole || row.readings.length > 0 ? [row] : [];
  }
  return targets.map((frozen) => {
    const { checkpoint, target } = frozen;
    const figures = figuresOf(kpi, scope, target, checkpoint, measured);
    const tree = measured.treeAt(null);
    const inState = (state: MeasuredCheckpoint['state']) =>
      figures.figure.coverage.missing.filter(
        (part) => checkpointState(measured.planned, subtree(tree, part), checkpoint) === state,
      );
    const shared = whole || !isTotal(figures.figure);
    return verdictFor({
      ...figures,
      role,
      target: shared ? target : null,
      primary: whole && frozen === primary,
      pending: inState('due'),
      missed: inState('missing'),
      ...(!shared && {
        targetElsewhere: `The target of ${formatValue(figures.figure.definition.unit, target)} is set for the whole.`,
      }),
    });
  });
}

function figuresOf(
  kpi: KpiId,
  scope: Scope,
  target: number | null,
  checkpoint: string | null,
  measured: Measured,
): { figure: KpiFigure; beside: KpiFigure[] } {
  const tree = subtree(measured.treeAt(checkpoint), scope);
  const of = (figure: KpiFigure['definition']) => figureOf({ kpi, tree, checkpoint, figure });
  const chosen = judgedFigure(kpi, target);
  const others = kpiDefinition(kpi).figures.filter((figure) => figure !== chosen);
  return { figure: of(chosen), beside: others.map(of) };
}

/** Without a target there is no age to ask for: the oldest checkpoint that has a value is shown. */
function latestWithValue(kpi: KpiId, scope: Scope, measured: Measured): string | null {
  const hasValue = (checkpoint: string | null) =>
    figuresOf(kpi, scope, null, checkpoint, measured).figure.coverage.have > 0;
  return measured.checkpoints.find(hasValue) ?? null;
}

/** The whole first, then its parts by scope: accounts before publications. */
function scopesOf(tree: ScopeNode): Scope[] {
  const below = new Set(descendants(tree).map(({ scope }) => scope));
  return [tree.scope, ...[...below].sort(compareText)];
}

/** Trees of one review differ by checkpoint only in their cells, so every scope is in each of them. */
function subtree(tree: ScopeNode, scope: Scope): ScopeNode {
  const node = nodeOf(tree, scope);
  if (node === null) throw new RangeError(`${scope} is not a part of ${tree.scope}`);
  return node;
}

function isTotal({ definition }: KpiFigure): boolean {
  return definition.unit === 'count' || definition.unit === 'accounts';
}

function roleVerdict(
  role: OwnerRole,
  rows: readonly VerdictRow[],
  targets: readonly KpiTarget[],
): RoleVerdict {
  const own = rows.filter((row) => row.role === role && row.target !== null);
  const first = targets
    .flatMap(({ kpi, checkpoint }) =>
      own.filter((row) => row.kpi === kpi && row.checkpoint === checkpoint),
    )
    .at(0);
  const lead = own.find((row) => row.primary) ?? first;
  const counts: RoleVerdict['counts'] = {};
  for (const { verdict } of own) counts[verdict] = (counts[verdict] ?? 0) + 1;
  return { role, verdict: lead?.verdict ?? 'no_target', kpi: lead?.kpi ?? null, counts };
}

/** What became of a checkpoint in a part: still due beats missing beats recorded. */
function checkpointState(
  planned: readonly MeasuredCheckpoint[],
  part: ScopeNode,
  checkpoint: string,
): MeasuredCheckpoint['state'] | null {
  const age = checkpointAgeHours(checkpoint);
  const scopes = new Set([part, ...descendants(part)].map(({ scope }) => scope));
  const states = planned
    .filter(({ publicationId }) => scopes.has(`publication:${publicationId}`))
    .flatMap((one) => (checkpointAgeHours(one.checkpoint) === age ? [one.state] : []));
  return (['due', 'missing', 'recorded'] as const).find((state) => states.includes(state)) ?? null;
}

function ageOf({ checkpoint }: KpiTarget): number {
  return checkpointAgeHours(checkpoint) ?? 0;
}

function memoOf<T>(make: (checkpoint: string | null) => T): (checkpoint: string | null) => T {
  const values = new Map<string | null, T>();
  return (checkpoint) => {
    const value = values.get(checkpoint) ?? make(checkpoint);
    values.set(checkpoint, value);
    return value;
  };
}
