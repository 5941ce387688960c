import type { z } from 'zod';

/** What an account of a channel is described by: the form of its channel checks both. */
export interface AccountForm {
  /** Shown to whoever may see the account. */
  settings: z.ZodType<Record<string, unknown>>;
  /**
   * Settings that may be left out, from the name that the account has then. They are stored like given
   * ones: another name later changes none of them.
   */
  settingsByName?: (name: string) => Record<string, unknown>;
  /** Stored encrypted and never shown; null where the channel has none. */
  credentials: z.ZodType<Record<string, unknown>> | null;
}
