import { ApiError, type ProblemIssue } from './errors.ts';

/** Enough to see what a mistake is; its count says how often it is there. */
const SHOWN_OF_A_KIND = 5;
const MOST_SHOWN = 50;
const SHOWN_IN_DETAIL = 3;

interface Group {
  count: number;
  shown: ProblemIssue[];
}

/** The mistakes of a long list or a file: of each kind the first ones, and how many there are. */
export class IssueGroups {
  readonly #groups = new Map<string, Group>();

  get isEmpty(): boolean {
    return this.#groups.size === 0;
  }

  /** @param kind what makes two mistakes one kind; taken together with the last part of the path. */
  add(kind: string, issue: ProblemIssue): void {
    const group = this.#groups.get(kind) ?? { count: 0, shown: [] };
    group.count += 1;
    if (group.shown.length < SHOWN_OF_A_KIND) group.shown.push(issue);
    this.#groups.set(kind, group);
  }

  /** Every kind with its first mistake, in the order in which they were found. */
  error(): ApiError {
    const groups = [...this.#groups.values()];
    const issues = groups.flatMap(({ count, shown }) =>
      shown.map((issue, index) => (index === 0 && count > 1 ? { ...issue, count } : issue)),
    );
    const detail = groups
      .slice(0, SHOWN_IN_DETAIL)
      .flatMap(({ count, shown: [first] }) => (first === undefined ? [] : [textOf(first, count)]))
      .join('; ');
    return new ApiError('invalid_request', { detail, issues: issues.slice(0, MOST_SHOWN) });
  }
}

function textOf({ path, message }: ProblemIssue, count: number): string {
  const text = path === '' ? message : `${path}: ${message}`;
  return count > 1 ? `${text} (${count} times)` : text;
}
