import { ApiError, type ProblemIssue } from './errors.ts';

/** Deeper than any body of ours; a limit on what a reader of the value has to recurse into. */
const MAX_DEPTH = 32;

/** Keys that can reach a prototype when a value is merged or assigned somewhere. */
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

/**
 * Reads a JSON body and makes sure that it can be stored and handed on: well-formed UTF-8, no NUL
 * and no lone surrogate in any text or key, finite numbers, limited depth, no key that reaches a
 * prototype. Of a key given twice the last one counts, as in JavaScript.
 * @throws ApiError `malformed_json`, naming the path where there is one.
 */
export function parseJson(bytes: Uint8Array): unknown {
  const text = decode(bytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed({ path: '', message: 'is not JSON' });
  }
  const issue = findUnsafe(value);
  if (issue !== null) throw malformed(issue);
  return value;
}

/** True for text that PostgreSQL can hold: no NUL, no unpaired surrogate. */
export function isStorableText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw malformed({ path: '', message: 'is not UTF-8' });
  }
}

function malformed(issue: ProblemIssue): ApiError {
  const detail = issue.path === '' ? `the body ${issue.message}` : `${issue.path} ${issue.message}`;
  return new ApiError('malformed_json', { detail, issues: [issue] });
}

interface Visit {
  value: unknown;
  path: readonly (string | number)[];
}

/** Walks with a list of its own instead of recursion: depth cannot exhaust the stack. */
function findUnsafe(root: unknown): ProblemIssue | null {
  const open: Visit[] = [{ value: root, path: [] }];
  for (let visit = open.pop(); visit !== undefined; visit = open.pop()) {
    const { value, path } = visit;
    const message = problemOf(value);
    if (message !== null) return { path: shown(path), message };
    if (typeof value !== 'object' || value === null) continue;
    if (path.length >= MAX_DEPTH) {
      return { path: shown(path), message: `is nested deeper than ${MAX_DEPTH} levels` };
    }
    for (const [key, child] of Object.entries(value)) {
      if (FORBIDDEN_KEYS.has(key)) {
        return { path: shown([...path, key]), message: 'is not a name a field may have' };
      }
      if (!isStorableText(key)) {
        return {
          path: shown(path),
          message: 'has a field whose name holds a NUL or half a character',
        };
      }
      open.push({ value: child, path: [...path, key] });
    }
  }
  return null;
}

function problemOf(value: unknown): string | null {
  if (typeof value === 'number' && !Number.isFinite(value)) return 'is not a finite number';
  if (typeof value !== 'string' || isStorableText(value)) return null;
  return value.includes('\0')
    ? 'holds a NUL character'
    : 'holds half a character (a lone surrogate)';
}

function shown(path: readonly (string | number)[]): string {
  return path.join('.').toWellFormed().slice(0, 300);
}
