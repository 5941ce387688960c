import type { BodyIssue } from './command-outcome.ts';

/** The body cannot become a command: the fields and rules it breaks. */
export class InvalidBody extends Error {
  readonly issues: BodyIssue[];

  constructor(issues: BodyIssue[]) {
    super(issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
    this.name = 'InvalidBody';
    this.issues = issues;
  }
}

/** `If-Match` names another version than the current one. */
export class VersionConflict extends Error {
  readonly current: string | null;

  constructor(current: string | null) {
    super(`the current version is ${current ?? 'none'}`);
    this.name = 'VersionConflict';
    this.current = current;
  }
}
