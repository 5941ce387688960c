/** One variable that is wrong, and the rule it breaks. */
export interface ConfigIssue {
  variable: string;
  rule: string;
}

/** The environment does not describe a program that can start. Its message names every variable. */
export class ConfigError extends Error {
  readonly issues: readonly ConfigIssue[];

  constructor(issues: readonly ConfigIssue[]) {
    const lines = issues.map(({ variable, rule }) => `  ${variable}: ${rule}`);
    super(`The configuration is not valid:\n${lines.join('\n')}`);
    this.name = 'ConfigError';
    this.issues = issues;
  }
}
