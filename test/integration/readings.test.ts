import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appendReadings } from '../../src/db/item/readings.ts';
import { type IdleApi, openIdleApi } from '../support/idle-api.ts';

const asOf = '2026-03-02T08:00:00Z';
const csvHeaders = { 'content-type': 'text/csv' };

let api: IdleApi;
let itemId: string;
beforeAll(async () => {
  api = await openIdleApi();
  itemId = await api.start();
});
afterAll(() => api?.close());

const post = (body: unknown, headers: Record<string, string> = {}, role = 'creator') =>
  api.as(role, 'POST', `/v1/items/${itemId}/readings`, { body, headers });
const postCsv = (text: string, headers: Record<string, string> = {}) =>
  post(text, { ...csvHeaders, ...headers });
const stored = async () =>
  (await api.as('creator', 'GET', `/v1/items/${itemId}/readings?limit=200`)).json.items;

describe('numbers in CSV', () => {
  it('are stored as written, from a French spreadsheet', async () => {
    const own = await api.start();
    const file = `measure;asOf;value\r\nreactions;${asOf};1 204\r\n;;\r\n;;;;;;\r\nposition_x_impressions;${asOf};12,5\r\n`;
    const { status } = await api.as('creator', 'POST', `/v1/items/${own}/readings`, {
      body: file,
      headers: csvHeaders,
    });
    expect(status).toBe(201);
    const { json } = await api.as('creator', 'GET', `/v1/items/${own}/readings`);
    expect(json.items.map(({ value }: { value: number }) => value).sort()).toEqual([12.5, 1_204]);
  });

  it.each([
    ['1.000', 'line 2.value', /may be 1 or 1000/],
    ['"1,000"', 'line 2.value', /may be 1 or 1000/],
    ['12\r34', 'line 2', /line end/],
    ['1e3', 'line 2.value', /exponent/],
    ['3%', 'line 2.value', /percentage/],
    ['9007199254740993', 'line 2.value', /digits/],
  ])('are refused as %j', async (value, path, message) => {
    const { status, json } = await postCsv(`measure,value,asOf\nreactions,${value},${asOf}\n`);
    expect(status).toBe(400);
    expect(json.issues[0]).toMatchObject({ path, message: expect.stringMatching(message) });
    expect(await stored()).toEqual([]);
  });

  it('name the line of what is not of this item, grouped by kind', async () => {
    const rows = Array.from({ length: 30 }, () => `reactions,1,${asOf},pub_other`);
    const file = `measure,value,asOf,publicationId\n\n${rows.join('\n')}\n`;
    const { status, json } = await postCsv(file);
    expect(status).toBe(400);
    expect(json.issues).toHaveLength(5);
    expect(json.issues[0]).toMatchObject({ path: 'line 3.publicationId', count: 30 });
    expect(json.issues[4].path).toBe('line 7.publicationId');
  });

  it('are refused in another charset, by its name and by its bytes', async () => {
    const file = `measure,value,asOf\nreactions,1,${asOf}\n`;
    const named = await postCsv(file, { 'content-type': 'text/csv; charset=iso-8859-1' });
    expect(named.status).toBe(415);
    const wide = await api.as('creator', 'POST', `/v1/items/${itemId}/readings`, {
      body: Buffer.from(`\uFEFF${file}`, 'utf16le'),
      headers: csvHeaders,
    });
    expect(wide.status).toBe(400);
    expect(wide.json.issues[0].message).toContain('UTF-16');
  });

  it('are judged after the rights of whoever sends them', async () => {
    const { status } = await post(',,,,\n', csvHeaders, 'editor');
    expect(status).toBe(403);
  });

  it.each(['"1.000"', '"1000"', 'true', '1e400', 'null'])(
    'in JSON are numbers, and %s is none',
    async (value) => {
      const body = `{"measure":"reactions","value":${value},"asOf":"${asOf}"}`;
      const { status } = await post(body, { 'content-type': 'application/json' });
      expect(status).toBe(400);
      expect(await stored()).toEqual([]);
    },
  );
});

describe('who stated a number', () => {
  it.each(['sandbox', 'Sandbox', 'mastodon', 'ga4', 'manual ', 'CSV', ''])(
    'is not a source that a person calls %j, by JSON or CSV',
    async (source) => {
      const json = await post({ measure: 'reactions', value: 9, asOf, source });
      expect(json.status).toBe(400);
      expect(json.json.issues[0].path).toContain('source');
      if (source === '' || source === 'manual ') return;
      const csv = await postCsv(`measure,value,asOf,source\nreactions,9,${asOf},${source}\n`);
      expect(csv.status).toBe(400);
      expect(csv.json.issues[0].path).toBe('line 2.source');
      expect(await stored()).toEqual([]);
    },
  );

  it('is written by the tables as well', async () => {
    const key = { workspaceId: api.workspace.workspaceId, itemId };
    const reading = { measure: 'reactions', value: 9, asOf, provisional: false } as const;
    const createdBy = api.workspace.memberOf('creator');
    for (const wrong of [
      { ...reading, source: 'sandbox', createdBy },
      { ...reading, source: 'manual' },
      { ...reading, source: 'csv' },
    ]) {
      const appended = appendReadings(api.database.db, { ...key, additions: [wrong] });
      await expect(appended).rejects.toMatchObject({ cause: { code: '23514' } });
    }
  });

  it('may be a minute ahead of the clock, and no more', async () => {
    const own = await api.start();
    const path = `/v1/items/${own}/readings`;
    const at = (ms: number) => new Date(Date.now() + ms).toISOString();
    const near = await api.as('creator', 'POST', path, {
      body: { measure: 'reactions', value: 1, asOf: at(30_000) },
    });
    expect(near.status).toBe(201);
    for (const ms of [120_000, 3_600_000, 86_400_000]) {
      const json = await api.as('creator', 'POST', path, {
        body: [{ measure: 'reactions', value: 2, asOf: at(ms) }],
      });
      expect(json.json.issues[0]).toMatchObject({ path: '0.asOf', message: 'lies in the future' });
      const csv = await api.as('creator', 'POST', path, {
        body: `measure,value,asOf\nreactions,2,${at(ms)}\n`,
        headers: csvHeaders,
      });
      expect(csv.json.issues[0]).toMatchObject({ path: 'line 2.asOf' });
    }
    expect((await api.as('creator', 'GET', path)).json.items).toHaveLength(1);
  });
});
