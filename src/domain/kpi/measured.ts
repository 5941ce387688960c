import { judgedFigure, type KpiFigureDefinition, type KpiId, kpiDefinition } from './catalogue.ts';
import { figureOf, type KpiFigure } from './figure.ts';
import { isSupplied, type KpiInput } from './formula.ts';
import { checkpointAgeHours, compareText, type Scope } from './readings.ts';
import { descendants, inputsIn, nodeOf, type ScopeNode } from './roll-up/rollup.ts';

/** What became of one planned checkpoint of one publication. */
export interface MeasuredCheckpoint {
  publicationId: string;
  checkpoint: string;
  state: 'due' | 'recorded' | 'missing';
}

/** Everything measured that a review looks at. */
export interface Measured {
  treeAt: (checkpoint: string | null) => ScopeNode;
  /** Several roles ask for the same figure. */
  figureAt: (asked: FigurePlace & { figure: KpiFigureDefinition }) => KpiFigure;
  /** Whether anything of the figure was measured. Most KPIs of most parts have nothing, and cost nothing. */
  isMeasured: (asked: FigurePlace & { figure: KpiFigureDefinition }) => boolean;
  /** Oldest age first. */
  checkpoints: readonly string[];
  /** What became of a checkpoint in a part: still due beats missing beats recorded. */
  stateAt: (part: Scope, checkpoint: string) => MeasuredCheckpoint['state'] | null;
  /** What own pieces reached in this figure at its age. */
  past: (figure: KpiFigure) => readonly number[];
}

interface FigurePlace {
  kpi: KpiId;
  scope: Scope;
  checkpoint: string | null;
}

/** One KPI of one scope at one age: its figures, and what is not over yet. */
export interface KpiLook {
  figure: KpiFigure;
  /** Further figures of the KPI. */
  beside: KpiFigure[];
  /** Missing parts whose checkpoint is still to come. */
  pending: Scope[];
  /** Missing parts whose checkpoint passed without a reading. */
  missed: Scope[];
  /** Why this is a look before the one that decides. */
  early?: string;
}

/**
 * Looks at a KPI. The look is early while its own age is still to come and readings without a
 * checkpoint stand in, and while a later age at which the same KPI is judged is still to come.
 */
export function lookAt(
  asked: {
    kpi: KpiId;
    scope: Scope;
    target: number | null;
    checkpoint: string;
    /** Every age at which the KPI is judged. */
    ages: readonly string[];
  },
  measured: Measured,
): KpiLook {
  const { kpi, scope, target, checkpoint, ages } = asked;
  const figures = figuresOf({ kpi, scope, target, checkpoint }, measured);
  const { stateAt } = measured;
  const inState = (state: MeasuredCheckpoint['state']) =>
    figures.figure.coverage.missing.filter((part) => stateAt(part, checkpoint) === state);
  const own = ageOf(checkpoint);
  const later = ages.find((age) => ageOf(age) > own && stateAt(scope, age) === 'due');
  const isAhead = figures.figure.unlabelled && stateAt(scope, checkpoint) === 'due';
  return {
    ...figures,
    pending: inState('due'),
    missed: inState('missing'),
    ...(later !== undefined && { early: `the look at ${later} is still to come and decides.` }),
    ...(isAhead && { early: `${checkpoint} is still to come.` }),
  };
}

/** The figure that a target of this size is meant for, and those beside it. */
export function figuresOf(
  { target, ...place }: FigurePlace & { target: number | null },
  { figureAt }: Pick<Measured, 'figureAt'>,
): { figure: KpiFigure; beside: KpiFigure[] } {
  const chosen = judgedFigure(place.kpi, target);
  const others = kpiDefinition(place.kpi).figures.filter((figure) => figure !== chosen);
  const of = (figure: KpiFigureDefinition) => figureAt({ ...place, figure });
  return { figure: of(chosen), beside: others.map(of) };
}

/** Without a target there is no age to ask for: the oldest checkpoint that has a value is shown. */
export function latestWithValue(kpi: KpiId, scope: Scope, measured: Measured): string | null {
  const figure = judgedFigure(kpi, null);
  const isMeasured = (checkpoint: string | null) =>
    measured.isMeasured({ kpi, scope, checkpoint, figure });
  return measured.checkpoints.find(isMeasured) ?? null;
}

interface KnownPart {
  tree: ScopeNode;
  inputs: ReadonlySet<KpiInput>;
  figures: Map<KpiFigureDefinition, KpiFigure>;
}

/** Computes each figure of the trees once. */
export function figuresIn(treeAt: Measured['treeAt']): Pick<Measured, 'figureAt' | 'isMeasured'> {
  const partsAt = memoOf((checkpoint) => {
    const parts = new Map<Scope, KnownPart>();
    return (scope: Scope) => {
      const part = parts.get(scope) ?? knownPart(subtree(treeAt(checkpoint), scope));
      parts.set(scope, part);
      return part;
    };
  });
  const figureAt: Measured['figureAt'] = ({ kpi, scope, checkpoint, figure }) => {
    const { tree, figures } = partsAt(checkpoint)(scope);
    // A definition belongs to one KPI.
    const value = figures.get(figure) ?? figureOf({ kpi, tree, checkpoint, figure });
    figures.set(figure, value);
    return value;
  };
  return {
    figureAt,
    isMeasured(asked) {
      const { inputs } = partsAt(asked.checkpoint)(asked.scope);
      const isPossible = asked.figure.formulas.some((formula) => isSupplied(formula, inputs));
      return isPossible && figureAt(asked).coverage.have > 0;
    },
  };
}

function knownPart(tree: ScopeNode): KnownPart {
  return { tree, inputs: inputsIn(tree), figures: new Map() };
}

/** The whole first, then its parts by scope: accounts before publications. */
export function scopesOf(tree: ScopeNode): Scope[] {
  const below = new Set(descendants(tree).map(({ scope }) => scope));
  return [tree.scope, ...[...below].sort(compareText)];
}

/** What belongs to accounts says nothing about a single post. */
export function hasScope(kpi: KpiId, scope: Scope): boolean {
  return kpiDefinition(kpi).parts !== 'accounts' || !scope.startsWith('publication:');
}

export function ageOf(checkpoint: string): number {
  return checkpointAgeHours(checkpoint) ?? 0;
}

export function memoOf<T>(
  make: (checkpoint: string | null) => T,
): (checkpoint: string | null) => T {
  const values = new Map<string | null, T>();
  return (checkpoint) => {
    const value = values.get(checkpoint) ?? make(checkpoint);
    values.set(checkpoint, value);
    return value;
  };
}

/** Trees of one review differ by checkpoint only in their cells, so every scope is in each of them. */
function subtree(tree: ScopeNode, scope: Scope): ScopeNode {
  const node = nodeOf(tree, scope);
  if (node === null) throw new RangeError(`${scope} is not a part of ${tree.scope}`);
  return node;
}

/** A checkpoint of a publication that went out, and its account. */
export interface PlannedCheckpoint extends MeasuredCheckpoint {
  channelAccountId: string;
}

const STRENGTH = { recorded: 0, missing: 1, due: 2 } as const satisfies Record<
  MeasuredCheckpoint['state'],
  number
>;

/** Finds what became of a checkpoint in the whole, an account or a publication. */
export function checkpointStates(
  whole: Scope,
  planned: Iterable<PlannedCheckpoint>,
): Measured['stateAt'] {
  const states = new Map<string, MeasuredCheckpoint['state']>();
  const keyOf = (scope: Scope, checkpoint: string) => `${scope} ${checkpointAgeHours(checkpoint)}`;
  for (const { publicationId, channelAccountId, checkpoint, state } of planned) {
    const parts = [whole, `channel:${channelAccountId}`, `publication:${publicationId}`] as const;
    for (const part of parts) {
      const key = keyOf(part, checkpoint);
      const known = states.get(key);
      if (known === undefined || STRENGTH[state] > STRENGTH[known]) states.set(key, state);
    }
  }
  return (part, checkpoint) => states.get(keyOf(part, checkpoint)) ?? null;
}
