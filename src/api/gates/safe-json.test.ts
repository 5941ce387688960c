import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ApiError } from './errors.ts';
import { parseJson } from './safe-json.ts';

const bytes = (text: string) => Buffer.from(text, 'utf8');

function refusalOf(body: Uint8Array): { path: string; message: string } {
  try {
    parseJson(body);
  } catch (error) {
    if (error instanceof ApiError && error.code === 'malformed_json') {
      return error.parts.issues?.[0] ?? { path: '', message: '' };
    }
    throw error;
  }
  throw new Error('it was read');
}

describe('parseJson', () => {
  it('reads what JSON can say and a database can hold', () => {
    const text = fc.string({ unit: 'grapheme' }).filter((value) => !value.includes('\0'));
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { depthSize: 'small' },
        text,
        fc.boolean(),
        fc.constant(null),
        fc.integer(),
        tie('list'),
        tie('record'),
      ),
      list: fc.array(tie('any')),
      record: fc.dictionary(
        fc
          .string({ unit: 'grapheme-ascii' })
          .filter((key) => !['__proto__', 'constructor', 'prototype'].includes(key)),
        tie('any'),
      ),
    })).any;
    fc.assert(
      fc.property(value, (json) => {
        expect(parseJson(bytes(JSON.stringify(json)))).toEqual(json);
      }),
    );
  });

  it.each([
    { what: 'text that is no JSON', body: '{', path: '', message: /not JSON/ },
    { what: 'nothing', body: '', path: '', message: /not JSON/ },
    { what: 'a NUL', body: '{"a":{"b":["x","\\u0000"]}}', path: 'a.b.1', message: /NUL/ },
    { what: 'half a character', body: '{"a":"\\ud800"}', path: 'a', message: /surrogate/ },
    { what: 'a NUL in a name', body: '{"a":{"\\u0000":1}}', path: 'a', message: /name/ },
    { what: 'half a character in a name', body: '{"\\udfff":1}', path: '', message: /name/ },
    {
      what: '__proto__',
      body: '{"a":{"__proto__":{"x":1}}}',
      path: 'a.__proto__',
      message: /name/,
    },
    { what: 'constructor', body: '[{"constructor":1}]', path: '0.constructor', message: /name/ },
    { what: 'an infinite number', body: '{"n":1e999}', path: 'n', message: /finite/ },
  ])('refuses $what and names the place', ({ body, path, message }) => {
    const issue = refusalOf(bytes(body));
    expect(issue.path).toBe(path);
    expect(issue.message).toMatch(message);
  });

  it('refuses bytes that are not UTF-8', () => {
    expect(refusalOf(Buffer.from([0x22, 0xff, 0x22])).message).toMatch(/UTF-8/);
    expect(refusalOf(Buffer.from('22eda08022', 'hex')).message).toMatch(/UTF-8/);
  });

  it('refuses depth without recursing into it', () => {
    const depth = 100_000;
    const body = bytes('['.repeat(depth) + ']'.repeat(depth));
    expect(refusalOf(body).message).toMatch(/nested deeper than 32/);
    expect(parseJson(bytes('['.repeat(30) + ']'.repeat(30)))).toBeDefined();
  });

  it('takes the last of two fields of a name, and a byte order mark', () => {
    expect(parseJson(bytes('\uFEFF{"a":1,"a":2}'))).toEqual({ a: 2 });
  });
});
