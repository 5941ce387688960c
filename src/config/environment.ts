import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { ConfigError, type ConfigIssue } from './config-error.ts';
import { readTemporal, type TemporalSettings } from './temporal.ts';

/** Environment variables by name, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Secrets may come from a file: `<name>_FILE` holds its path, as container platforms mount them. */
export const variablesWithFile = [
  'DATABASE_URL',
  'BATON_SECRET_KEY',
  'BATON_PREVIOUS_SECRET_KEYS',
  'BATON_PAYLOAD_KEY',
  'BATON_PREVIOUS_PAYLOAD_KEYS',
  'BATON_METRICS_KEY',
  'BATON_CHECKPOINT_KEY',
  'TEMPORAL_API_KEY',
  'BATON_SMTP_PASSWORD',
];

interface Reading<T> {
  variables: T | null;
  temporal: TemporalSettings | null;
  issues: ConfigIssue[];
}

export function readVariables<T>(schema: z.ZodType<T>, environment: Environment): Reading<T> {
  const issues: ConfigIssue[] = [];
  const set = readSecretFiles(dropEmpty(environment), issues);
  const variables = parseVariables(schema, set, issues);
  const temporal = readTemporal(set, issues);
  return { variables, temporal, issues };
}

/** Variables of a program that needs no engine. @throws ConfigError */
export function readPlain<T>(schema: z.ZodType<T>, environment: Environment): T {
  const issues: ConfigIssue[] = [];
  const variables = parseVariables(schema, readSecretFiles(dropEmpty(environment), issues), issues);
  if (variables === null || issues.length > 0) throw new ConfigError(issues);
  return variables;
}

/** Adds one issue per variable that the schema refuses; null when there is any. */
function parseVariables<T>(
  schema: z.ZodType<T>,
  set: Record<string, string>,
  issues: ConfigIssue[],
): T | null {
  const parsed = schema.safeParse(set);
  for (const issue of parsed.error?.issues ?? []) {
    const variable = String(issue.path[0]);
    if (issues.every((other) => other.variable !== variable)) {
      issues.push({ variable, rule: issue.message });
    }
  }
  return parsed.success ? parsed.data : null;
}

/** Container tools pass a variable that is not set as an empty one. */
function dropEmpty(environment: Environment): Record<string, string> {
  const entries = Object.entries(environment);
  return Object.fromEntries(
    entries.flatMap(([name, value]) => (value?.trim() ? [[name, value.trim()]] : [])),
  );
}

function readSecretFiles(
  set: Record<string, string>,
  issues: ConfigIssue[],
): Record<string, string> {
  const complete = { ...set };
  for (const name of variablesWithFile) {
    const file = set[`${name}_FILE`];
    if (!file) continue;
    if (set[name]) {
      issues.push({ variable: name, rule: `must not be set together with ${name}_FILE` });
      continue;
    }
    try {
      const value = readFileSync(file, 'utf8').trim();
      // As an empty variable: container platforms mount a file also for what is optional.
      if (value !== '') complete[name] = value;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      issues.push({ variable: `${name}_FILE`, rule: `must name a readable file: ${reason}` });
    }
  }
  return complete;
}
