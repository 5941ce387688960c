import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { AssetError } from '../../assets/asset-store.ts';
import { StoreError } from '../../db/errors.ts';
import {
  REQUIREMENT_CODES,
  REQUIREMENTS,
  type RequirementCode,
} from '../../domain/item/requirements/catalogue.ts';
import { ERROR_CODES, problems, refusal, statusOf } from './errors.ts';
import { toApiError, validationProblem } from './problem-response.ts';

const unmet = (code: RequirementCode) => ({ code, message: 'why' });

describe('refusals', () => {
  it('are 403 when every unmet requirement is about who asks, else 409', () => {
    for (const code of REQUIREMENT_CODES) {
      const status = statusOf(refusal([unmet(code)], 'http:key:1').code);
      expect(status, code).toBe(REQUIREMENTS[code].about === 'actor' ? 403 : 409);
    }
    expect(statusOf(refusal([unmet('four_eyes'), unmet('holds_role')]).code)).toBe(403);
    expect(statusOf(refusal([unmet('four_eyes'), unmet('current_hash')]).code)).toBe(409);
    expect(statusOf(refusal([]).code)).toBe(409);
  });

  it('name every unmet requirement and the command', () => {
    const { parts } = refusal([unmet('brief_complete'), unmet('targets_set')], 'http:key:1');
    expect(parts).toMatchObject({
      outcome: 'refused',
      commandId: 'http:key:1',
      unmet: [{ code: 'brief_complete' }, { code: 'targets_set' }],
    });
  });
});

describe('the table of errors', () => {
  it('generates a response per status, always with those that any request may meet', () => {
    const responses = problems('not_found', 'refused', 'idempotency_conflict');
    expect(Object.keys(responses).map(Number)).toEqual([400, 404, 409, 429, 500, 503]);
    expect(responses[409].description).toContain('refused');
    expect(responses[409].description).toContain('idempotency_conflict');
    expect(responses[409].description).not.toContain('`conflict`');
  });

  it('has only statuses of errors', () => {
    for (const code of ERROR_CODES) expect(statusOf(code)).toBeGreaterThanOrEqual(400);
  });
});

describe('what an error is answered as', () => {
  const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });

  it.each([
    { what: 'a lost database', error: new Error('query', { cause: refused }), code: 'unavailable' },
    { what: 'a bad cursor', error: new StoreError('cursor_invalid', 'x'), code: 'invalid_request' },
    { what: 'text a database cannot hold', error: stateError('22021'), code: 'invalid_request' },
    { what: 'a reference to nothing', error: stateError('23503'), code: 'invalid_request' },
    { what: 'a duplicate', error: stateError('23505'), code: 'conflict' },
    {
      what: 'a file of a wrong type',
      error: new AssetError('asset_type_refused', 'x'),
      code: 'unsupported_media_type',
    },
    { what: 'anything else', error: new Error('password=hunter2'), code: 'internal' },
    { what: 'no error at all', error: 'text', code: 'internal' },
  ])('$what: $code', ({ error, code }) => {
    expect(toApiError(error).code).toBe(code);
  });

  it('never shows the message of an unknown error', () => {
    const { parts } = toApiError(new Error('password=hunter2'));
    expect(JSON.stringify(parts)).not.toContain('hunter2');
  });

  it('says that nothing was stored when the database is away', () => {
    const { parts } = toApiError(refused);
    expect(parts.detail).toMatch(/nothing was stored/);
    expect(parts.headers).toMatchObject({ 'Retry-After': '2' });
  });
});

describe('validation problems', () => {
  const schema = z.strictObject({
    list: z.array(z.strictObject({ n: z.number() })),
    either: z.union([z.literal('any'), z.strictObject({ atLeast: z.int().min(1) })]),
  });
  const issuesOf = (value: unknown) => {
    const parsed = schema.safeParse(value);
    if (parsed.success) throw new Error('valid');
    return validationProblem(parsed.error, 'json').parts.issues;
  };

  it('name the path of each field, also of unknown ones and inside unions', () => {
    expect(issuesOf({ list: [{ n: 'x', extra: 1 }], either: { atLeast: 0 }, more: true })).toEqual([
      { path: 'list.0.n', message: expect.any(String) },
      { path: 'list.0.extra', message: 'is not a known field' },
      { path: 'either.atLeast', message: expect.any(String) },
      { path: 'more', message: 'is not a known field' },
    ]);
  });

  it('say where a field is when it is not in the body', () => {
    const parsed = z.strictObject({ limit: z.number() }).safeParse({ limit: 'x' });
    const problem = parsed.success ? null : validationProblem(parsed.error, 'query');
    expect(problem?.parts.issues).toMatchObject([{ path: 'limit', in: 'query' }]);
  });
});

function stateError(code: string): Error {
  return new Error('Failed query', { cause: Object.assign(new Error('pg'), { code }) });
}
