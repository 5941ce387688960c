import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { Client } from 'pg';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { LOCAL_NAMESPACE, startTemporal } from '../../scripts/local/temporal.ts';
import { CLIENT_INTERCEPTORS } from '../../src/engine/interceptors.ts';
import { findSearchAttributeFaults } from '../../src/engine/search-attributes.ts';
import { createTestDatabase } from '../support/stack-database.ts';

describe('the services of a test run', () => {
  it('gives each caller a database of its own on PostgreSQL 18', async () => {
    const [first, second] = [await createTestDatabase(), await createTestDatabase()];
    onTestFinished(async () => {
      await first.drop();
      await second.drop();
    });
    expect(first.url).not.toBe(second.url);
    const client = new Client({ connectionString: first.url });
    await client.connect();
    try {
      const { rows } = await client.query('show server_version_num');
      expect(Number(rows[0]?.server_version_num)).toBeGreaterThanOrEqual(180_000);
    } finally {
      await client.end();
    }
  });

  it('has a Temporal server with the namespace "default"', async () => {
    const connection = await Connection.connect({
      address: inject('temporalAddress'),
      interceptors: CLIENT_INTERCEPTORS,
    });
    onTestFinished(() => connection.close());
    const { namespaceInfo } = await connection.workflowService.describeNamespace({
      namespace: 'default',
    });
    expect(namespaceInfo?.name).toBe('default');
  });
});

describe('the embedded Temporal server', () => {
  it('has what runs write also on the state of a Baton that did not write it yet', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'baton temporal-'));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const start = async () => {
      const server = await startTemporal({ directory, uiPort: false, waitsForDisk: false });
      onTestFinished(async () => {
        await server.stop();
      });
      const connection = await Connection.connect({ address: server.address });
      return { server, connection };
    };
    const before = await start();
    await before.connection.operatorService.removeSearchAttributes({
      namespace: LOCAL_NAMESPACE,
      searchAttributes: ['BatonStage'],
    });
    await before.connection.close();
    await before.server.stop();
    const { connection } = await start();
    expect(await findSearchAttributeFaults(connection, LOCAL_NAMESPACE)).toEqual({
      missing: [],
      otherType: [],
    });
    await connection.close();
  });
});
