import type { InputSums, KpiInput } from '../formula.ts';
import {
  type Cell,
  type CellsByScope,
  cellsOf,
  compareText,
  type Scope,
  type SummedReading,
} from '../readings.ts';

/** A publication as a part of its item. Only published ones count; without a state it counts. */
export interface MeasuredPublication {
  id: string;
  channelAccountId: string;
  state?: string;
  publishedAt?: string | null;
  many?: ManyParts;
}

/** Parts of one shape that are counted, and whose cells are added, as one. */
export interface ManyParts {
  count: number;
  /** Some of them by name, to be named where they are missing. */
  names: readonly Scope[];
}

/** A place in item → channel account → publication with the cells read for that very place. */
export interface ScopeNode {
  scope: Scope;
  cells: ReadonlyMap<KpiInput, Cell>;
  children: readonly ScopeNode[];
  many?: ManyParts;
}

/** How many parts of a whole a figure covers, and which it misses: the first ones, where they are many. */
export interface Coverage {
  have: number;
  of: number;
  missing: Scope[];
}

const NO_CELLS: ReadonlyMap<KpiInput, Cell> = new Map();

/**
 * The item's tree of parts, at one checkpoint after another. Publications that never went out are no
 * parts. The followers known for an account stand in for those of its publications. Without a list of
 * publications, the parts are those that the readings name.
 */
export function scopeTrees(item: {
  publications?: readonly MeasuredPublication[];
  readings: Iterable<SummedReading>;
}): (checkpoint: string | null) => ScopeNode {
  const cellsAt = cellsOf(item.readings);
  const publications = item.publications && publishedOnes(item.publications);
  return (checkpoint) => {
    const cells = cellsAt(checkpoint);
    const children = publications
      ? accountsOf(publications, cells)
      : [...cells].flatMap(([scope, own]) => (scope === 'item' ? [] : [namedPart(scope, own)]));
    return {
      scope: 'item',
      cells: cells.get('item') ?? NO_CELLS,
      children: children.toSorted((a, b) => compareText(a.scope, b.scope)),
    };
  };
}

/** Joins the trees of a campaign's items. */
export function campaignTree(items: readonly { itemId: string; tree: ScopeNode }[]): ScopeNode {
  return {
    scope: 'campaign',
    cells: NO_CELLS,
    children: items
      .map(({ itemId, tree }) => ({ ...tree, scope: `item:${itemId}` as const }))
      .sort((a, b) => compareText(a.scope, b.scope)),
  };
}

function accountsOf(
  publications: readonly MeasuredPublication[],
  cells: CellsByScope,
): ScopeNode[] {
  const accounts = new Map<string, MeasuredPublication[]>();
  for (const publication of publications) {
    const posts = accounts.get(publication.channelAccountId) ?? [];
    accounts.set(publication.channelAccountId, [...posts, publication]);
  }
  return [...accounts].map(([account, posts]) => accountNode(account, posts, cells));
}

/** Scopes are written by `readingScope` and never `item` here. */
function namedPart(scope: string, cells: ReadonlyMap<KpiInput, Cell>): ScopeNode {
  return { scope: scope as Scope, cells, children: [] };
}

function accountNode(
  account: string,
  publications: readonly MeasuredPublication[],
  cells: CellsByScope,
): ScopeNode {
  const own = cells.get(`channel:${account}`) ?? NO_CELLS;
  return {
    scope: `channel:${account}`,
    cells: own,
    children: publications
      .toSorted((a, b) => compareText(a.id, b.id))
      .map(({ id, many }) => ({
        scope: `publication:${id}` as const,
        cells: withAccountFollowers(cells.get(`publication:${id}`) ?? NO_CELLS, own),
        children: [],
        ...(many !== undefined && { many }),
      })),
  };
}

function withAccountFollowers(
  cells: ReadonlyMap<KpiInput, Cell>,
  account: ReadonlyMap<KpiInput, Cell>,
): ReadonlyMap<KpiInput, Cell> {
  const followers = account.get('followers_at_publish');
  if (followers === undefined || cells.has('followers_at_publish')) return cells;
  return new Map([...cells, ['followers_at_publish', followers]]);
}

/** Those that went out. */
export function publishedOnes<T extends MeasuredPublication>(publications: readonly T[]): T[] {
  return publications.filter(({ state }) => state === undefined || state === 'published');
}

/**
 * The same tree for what belongs to accounts, not to posts (followers): the accounts are its leaves.
 * An account that only its posts were read for starts at the earliest of their baselines and ends at
 * the latest reading. Accounts that appear under several items appear once.
 */
export function accountTree(tree: ScopeNode): ScopeNode {
  const accounts = new Map<Scope, Map<KpiInput, Cell>>();
  for (const node of accountNodes(tree)) {
    const cells = accounts.get(node.scope) ?? new Map<KpiInput, Cell>();
    for (const input of ['followers_at_publish', 'followers'] as const) {
      const found = node.cells.has(input)
        ? [node.cells.get(input)]
        : node.children.map((child) => child.cells.get(input));
      for (const some of [cells.get(input), ...found]) {
        const best = cells.get(input);
        const cell = (input === 'followers' ? some?.many?.last : some?.many?.first) ?? some;
        if (cell !== undefined && (best === undefined || outranks(input, cell, best))) {
          cells.set(input, cell);
        }
      }
    }
    accounts.set(node.scope, cells);
  }
  return {
    scope: tree.scope,
    cells: tree.scope.startsWith('channel:') ? NO_CELLS : tree.cells,
    children: [...accounts]
      .sort(([a], [b]) => compareText(a, b))
      .map(([scope, cells]) => ({ scope, cells, children: [] })),
  };
}

/** The channel accounts of a tree; a post counts as its own account where nobody says which it has. */
function accountNodes(tree: ScopeNode): ScopeNode[] {
  const named = descendants(tree).filter(({ scope }) => scope.startsWith('channel:'));
  if (named.length === 0 && tree.scope.startsWith('channel:')) return [tree];
  return [...named, ...tree.children.filter(({ scope }) => scope.startsWith('publication:'))];
}

function outranks(input: KpiInput, cell: Cell, other: Cell): boolean {
  const later =
    Date.parse(cell.reading.asOf) - Date.parse(other.reading.asOf) ||
    compareText(cell.reading.id, other.reading.id);
  return input === 'followers_at_publish' ? later < 0 : later > 0;
}

/**
 * The part of a tree that a scope names, itself included; null when there is none. An account that
 * several items of a campaign use is put together.
 */
export function nodeOf(tree: ScopeNode, scope: Scope): ScopeNode | null {
  const [first, ...others] = [tree, ...descendants(tree)].filter((node) => node.scope === scope);
  if (first === undefined || others.length === 0) return first ?? null;
  return { scope, cells: NO_CELLS, children: [first, ...others] };
}

export function descendants(tree: ScopeNode): ScopeNode[] {
  return tree.children.flatMap((child) => [child, ...descendants(child)]);
}

/** Inputs that some part of the tree has a cell of. */
export function inputsIn(tree: ScopeNode): Set<KpiInput> {
  return new Set([tree, ...descendants(tree)].flatMap((node) => [...node.cells.keys()]));
}

export function leavesOf(node: ScopeNode): ScopeNode[] {
  return node.children.length === 0 ? [node] : node.children.flatMap(leavesOf);
}

/** Inputs of a formula gathered over a tree: what was added, from which cells, over which parts. */
export interface InputCells {
  sums: InputSums;
  cells: ReadonlyMap<KpiInput, readonly Cell[]>;
  coverage: Coverage;
  /** Inputs that some part lacks, though the figure needs them. */
  lacking: KpiInput[];
}

/**
 * Adds the inputs of one formula up over the parts that have all of them, so that both sides of a
 * ratio cover the same parts. A figure read for a wider scope wins over the sum of its parts, and is
 * used only where every part under it is covered.
 */
export function gather(
  tree: ScopeNode,
  inputs: {
    required: readonly KpiInput[];
    exposed: readonly KpiInput[];
    beside?: readonly KpiInput[];
  },
): InputCells {
  const { required, exposed, beside = [] } = inputs;
  const leaves = leavesOf(tree);
  const asked = [...new Set([...required, ...exposed, ...beside])];
  const lookWithin = (within: ReadonlySet<ScopeNode>) =>
    new Map(asked.map((input) => [input, findCells(tree, input, within)]));
  const everywhere = lookWithin(new Set(leaves));
  let parts: ReadonlySet<ScopeNode> = new Set(leaves);
  let found = everywhere;
  for (;;) {
    const isCovered = (input: KpiInput, leaf: ScopeNode) => found.get(input)?.leaves.has(leaf);
    const next = [...parts].filter(
      (leaf) =>
        required.every((input) => isCovered(input, leaf)) &&
        (exposed.length === 0 || exposed.some((input) => isCovered(input, leaf))),
    );
    if (next.length === parts.size) break;
    parts = new Set(next);
    found = lookWithin(parts);
  }
  const gap = (input: KpiInput) => (everywhere.get(input)?.leaves.size ?? 0) < leaves.length;
  const cells = new Map<KpiInput, readonly Cell[]>();
  for (const [input, one] of found) {
    if (one.cells.length > 0) cells.set(input, one.cells);
  }
  return {
    sums: Object.fromEntries([...cells].map(([input, some]) => [input, sum(some)])),
    cells,
    coverage: {
      have: weightOf([...parts]),
      of: weightOf(leaves),
      missing: leaves
        .filter((leaf) => !parts.has(leaf))
        .flatMap(({ scope, many }) => many?.names ?? [scope])
        .sort(compareText),
    },
    lacking:
      exposed.length > 0 && exposed.every(gap)
        ? [...required.filter(gap), ...exposed]
        : required.filter(gap),
  };
}

function weightOf(leaves: readonly ScopeNode[]): number {
  return leaves.reduce((count, { many }) => count + (many?.count ?? 1), 0);
}

/** The widest cells of an input that lie wholly within the given leaves, and the leaves under them. */
interface FoundCells {
  cells: Cell[];
  leaves: Set<ScopeNode>;
}

function findCells(
  node: ScopeNode,
  input: KpiInput,
  within: ReadonlySet<ScopeNode>,
  found: FoundCells = { cells: [], leaves: new Set() },
): FoundCells {
  const cell = node.cells.get(input);
  const leaves = cell === undefined ? [] : leavesOf(node);
  if (cell !== undefined && leaves.every((leaf) => within.has(leaf))) {
    found.cells.push(cell);
    for (const leaf of leaves) found.leaves.add(leaf);
  } else for (const child of node.children) findCells(child, input, within, found);
  return found;
}

/** Smallest first, so that fractions add up to the same bits in whatever order they came. */
function sum(cells: readonly Cell[]): number {
  return cells
    .map(({ value }) => value)
    .sort((a, b) => a - b)
    .reduce((total, value) => total + value, 0);
}
