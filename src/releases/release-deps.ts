import type { Client } from '@temporalio/client';

/** What releasing works with. */
export interface ReleaseDeps {
  temporal: Client;
  taskQueue: string;
}

/** A release cannot be made as it was asked for; the message says why. */
export class ReleaseError extends Error {
  override readonly name = 'ReleaseError';
}
