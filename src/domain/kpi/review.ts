import { OWNER_ROLES, type OwnerRole } from '../people/roles.ts';
import { isJudged } from './attainment.ts';
import { benchmarkOf } from './benchmark.ts';
import { judgedFigure, KPI_IDS, type KpiId, kpiDefinition } from './catalogue.ts';
import type { KpiFigure } from './figure.ts';
import { formatValue } from './format.ts';
import { guardrailFor } from './guardrail.ts';
import {
  ageOf,
  checkpointStates,
  figuresIn,
  figuresOf,
  hasScope,
  latestWithValue,
  lookAt,
  type Measured,
  type MeasuredCheckpoint,
  memoOf,
  type PlannedCheckpoint,
  scopesOf,
} from './measured.ts';
import type { Reading } from './measures.ts';
import { type PastFigures, pastBy } from './past-figures.ts';
import { checkpointsOf, compareText, type Scope } from './readings.ts';
import { type AlikeItems, alikeCheckpoints, alikeTree } from './roll-up/alike-items.ts';
import { type MeasuredPublication, publishedOnes, scopeTrees } from './roll-up/rollup.ts';
import type { KpiGuardrail, KpiTarget } from './targets.ts';
import { verdictFor } from './verdict.ts';
import type {
  FalseAlarms,
  GuardrailRow,
  ReviewVerdicts,
  RoleVerdict,
  VerdictRow,
} from './verdict-schema.ts';

export interface ReviewInput {
  publications: readonly MeasuredPublication[];
  readings: readonly Reading[];
  checkpoints: readonly MeasuredCheckpoint[];
  targets: readonly KpiTarget[];
  /** KPIs that must not get worse. */
  guardrails?: readonly KpiGuardrail[];
  /** What own pieces reached at the same ages. */
  past?: readonly PastFigures[];
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
  const treeAt = memoOf(scopeTrees({ publications, readings: input.readings }));
  const accounts = new Map(publications.map(({ id, channelAccountId }) => [id, channelAccountId]));
  const planned = input.checkpoints.flatMap((one) => {
    const channelAccountId = accounts.get(one.publicationId);
    return channelAccountId === undefined ? [] : [{ ...one, channelAccountId }];
  });
  return review(input, {
    treeAt,
    ...figuresIn(treeAt),
    checkpoints: checkpointsOf(input.readings),
    stateAt: checkpointStates('item', planned),
    past: pastBy(input.past ?? []),
  });
}

/**
 * Judges a campaign over its items: counters are added, both sides of a ratio are added before it is
 * divided, and people are never added but under a `gross_` name. An account that several items use
 * counts once.
 */
export function campaignVerdicts(input: {
  targets: readonly KpiTarget[];
  /** Alike ones may be added up as one. */
  items: readonly AlikeItems[];
  /** What is not recorded of the checkpoints of their posts. */
  planned?: readonly PlannedCheckpoint[];
  roles?: readonly OwnerRole[];
  /** Judged besides the whole: items, accounts and publications, when absent. */
  parts?: 'accounts';
}): ReviewVerdicts {
  const { items, planned = [] } = input;
  const treeAt = memoOf((checkpoint) => alikeTree(items, checkpoint));
  return review(input, {
    treeAt,
    ...figuresIn(treeAt),
    checkpoints: alikeCheckpoints(items),
    stateAt: checkpointStates('campaign', planned),
    past: pastBy([]),
  });
}

function review(
  input: {
    targets: readonly KpiTarget[];
    guardrails?: readonly KpiGuardrail[];
    roles?: readonly OwnerRole[];
    parts?: 'accounts';
  },
  measured: Measured,
): ReviewVerdicts {
  const primary = input.targets.find((target) => target.primary) ?? leadOf(input.targets);
  const roles = OWNER_ROLES.filter((role) => input.roles?.includes(role) ?? true);
  const scopes = scopesOf(measured.treeAt(null)).filter(
    (scope, index) => input.parts !== 'accounts' || index === 0 || scope.startsWith('channel:'),
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
  const limits = input.guardrails ?? [];
  const guardrails = limits.flatMap((one) =>
    guardrailRows(one, { scopes, guardrails: limits, measured }),
  );
  return {
    rows,
    primary: primary === null ? null : { kpi: primary.kpi, checkpoint: primary.checkpoint },
    combined:
      leading === undefined
        ? { verdict: 'no_target', kpi: null, reason: 'No target was set.' }
        : { verdict: leading.verdict, kpi: leading.kpi, reason: leading.reason },
    roles: roles.map((role) => roleVerdict(role, wholeRows, input.targets)),
    ...(guardrails.length > 0 && { guardrails }),
    ...(input.targets.length > 0 && { falseAlarms: falseAlarmsOf(wholeRows, leading) }),
    readings: [...new Set([...rows, ...guardrails].flatMap((row) => row.readings))].sort(
      compareText,
    ),
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
  if (!hasScope(kpi, scope)) return [];
  const targets = subject.targets
    .filter((target) => target.kpi === kpi)
    .toSorted((a, b) => ageOf(a.checkpoint) - ageOf(b.checkpoint));
  const benchmarkFor = (figure: KpiFigure) => benchmarkOf(measured.past(figure));
  if (targets.length === 0) {
    const checkpoint = latestWithValue(kpi, scope, measured);
    const place = { kpi, scope, checkpoint };
    const figure = judgedFigure(kpi, null);
    if (!whole && !measured.isMeasured({ ...place, figure })) return [];
    const figures = figuresOf({ ...place, target: null }, measured);
    const benchmark = benchmarkFor(figures.figure);
    return [verdictFor({ ...figures, role, target: null, benchmark })];
  }
  const ages = targets.map(({ checkpoint }) => checkpoint);
  return targets.map((frozen) => {
    const { checkpoint, target } = frozen;
    const look = lookAt({ kpi, scope, target, checkpoint, ages }, measured);
    const shared = whole || !isTotal(look.figure);
    return verdictFor({
      ...look,
      role,
      target: shared ? target : null,
      primary: whole && frozen === primary,
      benchmark: benchmarkFor(look.figure),
      ...(!shared && {
        targetElsewhere: `The target of ${formatValue(look.figure.definition.unit, target)} is set for the whole.`,
      }),
    });
  });
}

/** A row for the whole, and for each part that has a figure. */
function guardrailRows(
  { kpi, checkpoint }: KpiGuardrail,
  asked: { scopes: readonly Scope[]; guardrails: readonly KpiGuardrail[]; measured: Measured },
): GuardrailRow[] {
  const { scopes, guardrails, measured } = asked;
  const ages = guardrails.filter((one) => one.kpi === kpi).map((one) => one.checkpoint);
  return scopes.flatMap((scope, index) => {
    if (!hasScope(kpi, scope)) return [];
    const look = lookAt({ kpi, scope, target: null, checkpoint, ages }, measured);
    if (index > 0 && look.figure.value === null) return [];
    const past = measured.past(look.figure);
    const benchmark = benchmarkOf(past);
    return [guardrailFor({ ...look, checkpoint, benchmark, pieces: past.length })];
  });
}

function isTotal({ definition }: KpiFigure): boolean {
  return definition.unit === 'count' || definition.unit === 'accounts';
}

/** Where no target is marked as primary, the first one's KPI leads, at the last age it is judged at. */
function leadOf(targets: readonly KpiTarget[]): KpiTarget | null {
  const ofFirst = targets.filter(({ kpi }) => kpi === targets[0]?.kpi);
  return ofFirst.toSorted((a, b) => ageOf(b.checkpoint) - ageOf(a.checkpoint))[0] ?? null;
}

function roleVerdict(
  role: OwnerRole,
  rows: readonly VerdictRow[],
  targets: readonly KpiTarget[],
): RoleVerdict {
  const own = rows.filter((row) => row.role === role && row.target !== null);
  const first = leadOf(targets.filter(({ kpi }) => own.some((row) => row.kpi === kpi)));
  const lead =
    own.find((row) => row.primary) ??
    own.find((row) => row.kpi === first?.kpi && row.checkpoint === first.checkpoint);
  const counts: RoleVerdict['counts'] = {};
  for (const { verdict } of own) counts[verdict] = (counts[verdict] ?? 0) + 1;
  return { role, verdict: lead?.verdict ?? 'no_target', kpi: lead?.kpi ?? null, counts };
}

/** What a 95 % interval leaves to chance. */
const CHANCE = 0.05;

/** A KPI of two roles is one verdict. A census cannot be wrong by chance. */
function falseAlarmsOf(rows: readonly VerdictRow[], leading: VerdictRow | undefined): FalseAlarms {
  const judged = rows.filter(({ verdict, low }) => isJudged(verdict) && low !== undefined);
  const verdicts = new Set(judged.map(({ kpi, checkpoint }) => `${kpi} ${checkpoint}`)).size;
  const expected = Number((verdicts * CHANCE).toFixed(2));
  const decides =
    leading === undefined
      ? 'No KPI decides.'
      : `Only ${leading.kpi} at ${leading.checkpoint} decides; the others inform.`;
  return {
    verdicts,
    expected,
    note: `${verdicts} of the verdicts rest on a 95 % interval: by chance alone ${expected} of them would be wrong. ${decides}`,
  };
}
