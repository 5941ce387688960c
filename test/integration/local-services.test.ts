import { Connection } from '@temporalio/client';
import { Client } from 'pg';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { CLIENT_INTERCEPTORS } from '../../src/engine/interceptors.ts';
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
