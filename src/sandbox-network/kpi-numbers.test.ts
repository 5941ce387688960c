import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { KPI_IDS } from '../domain/kpi/catalogue.ts';
import type { Reading } from '../domain/kpi/measures.ts';
import { reviewVerdicts } from '../domain/kpi/review.ts';
import { createHttpClient } from '../http/http-client.ts';
import { createSourceRegistry } from '../metrics/registry.ts';
import { createSandboxServer } from './http-server.ts';
import { openLedger } from './ledger.ts';

let directory: string;
let stop: () => void;
let url: string;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sandbox readings '));
  const ledger = openLedger(directory);
  const server = createSandboxServer({ ledger, faults: null });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // `listen` on TCP always gives an address object.
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  stop = () => {
    server.close();
    server.closeAllConnections();
    ledger.close();
  };
});
afterEach(() => {
  stop();
  rmSync(directory, { recursive: true });
});

it('the real sandbox network gives readings that every KPI can be judged by', async () => {
  const http = createHttpClient({ allowedOrigins: [url] });
  const [source] = createSourceRegistry({ http, sandboxUrl: url }).forChannel('sandbox');
  if (source === undefined) throw new Error('no sandbox source');

  const posted = await http.request({
    method: 'POST',
    url: `${url}/v1/posts`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ account: 'studio', marker: 'mark-1', text: 'Hello' }),
  });
  expect(posted).toMatchObject({ kind: 'response', status: 201 });

  const publishedAt = new Date().toISOString();
  const publication = {
    id: 'pub_1',
    channel: 'sandbox',
    marker: 'mark-1',
    remoteId: null,
    url: null,
    publishedAt,
    accountRef: 'studio',
  } as const;
  const readings: Reading[] = [];
  for (const checkpoint of ['baseline', '+28d']) {
    const collected = await source.collect({
      publication,
      page: null,
      checkpoint,
      at: publishedAt,
    });
    if (!('readings' in collected)) throw new Error(collected.unavailable);
    for (const reading of collected.readings) {
      readings.push({ id: `rdg_${readings.length}`, source: source.id, ...reading });
    }
  }

  const { rows } = reviewVerdicts({
    targets: KPI_IDS.map((kpi) => ({ kpi, target: 1, checkpoint: '+28d' })),
    publications: [{ id: 'pub_1', channelAccountId: 'cha_1', state: 'published', publishedAt }],
    readings,
    checkpoints: [],
  });
  const ofItem = rows.filter(({ scope }) => scope === 'item');
  expect(new Set(ofItem.map(({ kpi }) => kpi))).toEqual(new Set(KPI_IDS));
  for (const row of ofItem) {
    expect({
      kpi: row.kpi,
      judged: ['met', 'missed', 'inconclusive'].includes(row.verdict),
    }).toEqual({
      kpi: row.kpi,
      judged: true,
    });
  }
});
