import {
  chmodSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { writeSecret } from './secret-file.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'secret '));
});
afterEach(() => rmSync(directory, { recursive: true }));

const modeOf = (file: string): number => statSync(file).mode & 0o777;

it('a file that everybody may read is replaced by one that only its owner reads', () => {
  const file = join(directory, 'saved.json');
  writeFileSync(file, 'old');
  chmodSync(file, 0o644);
  const open = openSync(file, 'r');
  writeSecret(file, 'new secret');
  expect([modeOf(file), readFileSync(file, 'utf8')]).toEqual([0o600, 'new secret']);
  // Whoever had it open still reads the old one.
  const bytes = Buffer.alloc(20);
  expect(bytes.toString('utf8', 0, readSync(open, bytes))).toBe('old');
  expect(readdirSync(directory)).toEqual(['saved.json']);
});

it('a link is replaced, and what it points to keeps its content', () => {
  const target = join(directory, 'target');
  const link = join(directory, 'link');
  writeFileSync(target, 'old');
  symlinkSync(target, link);
  writeSecret(link, 'new secret');
  expect(readFileSync(target, 'utf8')).toBe('old');
  expect([modeOf(link), readFileSync(link, 'utf8')]).toEqual([0o600, 'new secret']);
});

it('what is no file is refused and nothing is left behind', () => {
  expect(() => writeSecret(directory, 'x')).toThrow('is not a file');
  expect(() => writeSecret('/dev/null', 'x')).toThrow('is not a file');
  expect(readdirSync(directory)).toEqual([]);
});
