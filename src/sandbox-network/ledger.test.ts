import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Ledger, LedgerError, type LedgerLine, openLedger } from './ledger.ts';

let directory: string;
let path: string;
let open: Ledger[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ledger-'));
  path = join(directory, 'ledger.jsonl');
  open = [];
});
afterEach(() => {
  for (const ledger of open) ledger.close();
  rmSync(directory, { recursive: true });
});

function ledgerHere(): Ledger {
  const ledger = openLedger(directory);
  open.push(ledger);
  return ledger;
}

const line = (marker: string, key: string | null = null): LedgerLine => ({
  marker,
  account: 'boulangerie',
  at: '2026-11-24T10:00:00.000Z',
  text: 'à\ndemain',
  bodyHash: 'f'.repeat(64),
  remoteId: `sbx_${marker}`,
  idempotencyKey: key,
});

it('each post is one line of JSON, in order', () => {
  const ledger = ledgerHere();
  ledger.append(line('a'));
  ledger.append(line('b', 'k'));
  const written = readFileSync(path, 'utf8').split('\n');
  expect(written).toHaveLength(3);
  expect(written.slice(0, 2).map((text) => JSON.parse(text))).toEqual([line('a'), line('b', 'k')]);
});

it('is read back whole after a restart', () => {
  ledgerHere().append(line('a', 'k'));
  const ledger = ledgerHere();
  expect(ledger.byIdempotencyKey('k')).toEqual(line('a', 'k'));
  expect(ledger.byMarker('a')).toEqual([line('a', 'k')]);
  expect(ledger.byRemoteId('sbx_a')).toEqual(line('a', 'k'));
  expect(ledger.byMarker('b')).toEqual([]);
});

it('what a crash left of a line is cut off, and the next post starts on its own line', () => {
  ledgerHere().append(line('a'));
  appendFileSync(path, '{"marker":"tor');
  const ledger = ledgerHere();
  expect(ledger.lines()).toEqual([line('a')]);
  ledger.append(line('b'));
  expect(ledgerHere().lines()).toEqual([line('a'), line('b')]);
});

it('a damaged line is refused, named by its place', () => {
  writeFileSync(path, `${JSON.stringify(line('a'))}\n{"marker":1}\n`);
  expect(() => openLedger(directory)).toThrow(LedgerError);
  expect(() => openLedger(directory)).toThrow('ledger.jsonl:2');
  writeFileSync(path, 'no json\n');
  expect(() => openLedger(directory)).toThrow('ledger.jsonl:1 is not JSON');
});

it('a second writer is noticed before anything is written', () => {
  const [first, second] = [ledgerHere(), ledgerHere()];
  first.append(line('a'));
  expect(() => second.append(line('b'))).toThrow('changed by another program');
  expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(2);
});
