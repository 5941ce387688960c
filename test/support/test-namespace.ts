import { randomUUID } from 'node:crypto';
import type { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { setUpSearchAttributes } from '../../src/engine/search-attributes.ts';

/**
 * A namespace of the test's own on the shared server. The audit looks at every open run of its namespace:
 * those that other test files leave behind must not be among them.
 */
export async function createTestNamespace(connection: Connection): Promise<string> {
  const namespace = `test-${randomUUID()}`;
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: msToTs('1 day'),
  });
  await setUpSearchAttributes(connection, namespace);
  return namespace;
}
