import { describe, expect, it } from 'vitest';
import { readReadingsFile } from './file.ts';

const read = (text: string) => readReadingsFile({ bytes: Buffer.from(text) });
const HEAD = 'measure,value,asOf\n';
const ROW = 'impressions,12,2026-03-02T08:00:00Z\n';

describe('a file of readings', () => {
  it('is read over the borders of its chunks', async () => {
    const file = await read(HEAD + ROW.repeat(5_000));
    expect(file).toMatchObject({ hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect('readings' in file && file.readings).toHaveLength(5_000);
  });

  it.each([
    ['of commas', ','.repeat(1_000_000)],
    ['of 160,000 columns', `${HEAD}${'1,'.repeat(160_000)}2`],
    ['with CRLF', `${HEAD.trim()}\r\n${','.repeat(20_000)}1`],
    ['of blank lines', '\n'.repeat(1_000_000)],
  ])('%s is refused before it is parsed', async (_, text) => {
    const file = await read(text);
    expect(file).toMatchObject({ issues: [{ path: expect.stringMatching(/^line \d+$/) }] });
  });

  it('with mistakes says where', async () => {
    expect(await read(`${HEAD}nothing,1,2026-03-02T08:00:00Z\n`)).toMatchObject({
      issues: [{ path: 'line 2.measure' }],
    });
  });
});
