import { describe, expect, it } from 'vitest';
import { compareDocuments } from './compare.ts';

const schema = {
  type: 'object',
  description: 'One item.',
  example: { title: 'A piece' },
  properties: { title: { type: 'string', maxLength: 200 } },
  required: ['title'],
};

describe('two API documents', () => {
  it('are the same when only texts for readers differ', () => {
    const other = { ...schema, description: 'A content item.', example: { title: 'Another' } };
    expect(compareDocuments(schema, other)).toEqual([]);
    expect(compareDocuments(schema, { ...schema, summary: 'New' })).toEqual([]);
  });

  it('differ in what a client sends and receives, also in a property that is called title', () => {
    expect(
      compareDocuments(
        { '/v1/items': { post: schema } },
        {
          '/v1/items': {
            post: {
              ...schema,
              properties: { title: { type: 'string', maxLength: 100 }, note: { type: 'string' } },
              required: [],
            },
          },
        },
      ),
    ).toEqual([
      '+ /~1v1~1items/post/properties/note: {"type":"string"}',
      '~ /~1v1~1items/post/properties/title/maxLength: 200 -> 100',
      '- /~1v1~1items/post/required/title: "title"',
    ]);
  });

  it('are the same in another order, and a value that comes between others is one difference', () => {
    const enumOf = (...values: (string | null)[]) => ({ enum: values });
    expect(compareDocuments(enumOf('a', 'c', null), enumOf(null, 'c', 'a'))).toEqual([]);
    expect(compareDocuments(enumOf('a', 'c', null), enumOf('a', 'b', 'c', null))).toEqual([
      '+ /enum/b: "b"',
    ]);
    const [limit, cursor] = ['limit', 'cursor'].map((name) => ({ in: 'query', name }));
    const page = { in: 'query', name: 'page' };
    expect(
      compareDocuments({ parameters: [limit, cursor] }, { parameters: [page, cursor] }),
    ).toEqual([
      '- /parameters/query limit: {"in":"query","name":"limit"}',
      '+ /parameters/query page: {"in":"query","name":"page"}',
    ]);
  });

  it('differ in the order of what has no name', () => {
    const [text, count] = [{ type: 'string' }, { type: 'integer' }];
    expect(compareDocuments({ anyOf: [text, count] }, { anyOf: [count, text] })).toHaveLength(2);
  });

  it('differ when such a property comes or goes', () => {
    const without = { ...schema, properties: {} };
    expect(compareDocuments(without, schema)).toEqual([
      '+ /properties/title: {"type":"string","maxLength":200}',
    ]);
  });
});
