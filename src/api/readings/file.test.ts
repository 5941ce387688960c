import { describe, expect, it } from 'vitest';
import { readReadingsFile } from './file.ts';

const read = (text: string) => readReadingsFile({ bytes: Buffer.from(text) });
const HEAD = 'measure,value,asOf\n';
const ROW = 'impressions,12,2026-03-02T08:00:00Z\n';

describe('a file of readings', () => {
  it('is read whole, with its hash', async () => {
    const file = await read(HEAD + ROW.repeat(5_000));
    expect(file).toMatchObject({ hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect('readings' in file && file.readings).toHaveLength(5_000);
  });

  it.each([
    ['of commas', ','.repeat(1_000_000), 'line 1', 'a line has 10000 bytes at most'],
    ['of 160,000 columns', `${HEAD}${'1,'.repeat(160_000)}2`, 'line 2', 'a line has 10000 bytes'],
    ['with CRLF', `${HEAD.trim()}\r\n${','.repeat(20_000)}1`, 'line 2', 'a line has 10000 bytes'],
    ['of blank lines', '\n'.repeat(1_000_000), 'line 200001', 'a file has 200000 lines at most'],
  ])('%s is refused before it is parsed', async (_, text, path, message) => {
    const file = await read(text);
    expect(file).toMatchObject({ issues: [{ path, message: expect.stringContaining(message) }] });
  });

  it('with mistakes says where', async () => {
    expect(await read(`${HEAD}nothing,1,2026-03-02T08:00:00Z\n`)).toMatchObject({
      issues: [{ path: 'line 2.measure' }],
    });
  });
});
