import type { z } from 'zod';

/** What an account of a channel is described by: the form of its channel checks both. */
export interface AccountForm {
  /** Shown to whoever may see the account. */
  settings: z.ZodType<Record<string, unknown>>;
  /** Stored encrypted and never shown; null where the channel has none. */
  credentials: z.ZodType<Record<string, unknown>> | null;
}
