import { z } from 'zod';
import type { Idempotency } from '../channel.ts';

/** The longest that a network remembers a key for a while: a day. */
const MAX_WINDOW_MS = 86_400_000;
const MIN_WINDOW_MS = 100;

/** Settings of an account: how the fake network treats its idempotency keys. */
export const SandboxSettings = z
  .strictObject({
    idempotency: z.enum(['exact', 'exact_for', 'match', 'none']).optional(),
    /** Milliseconds that a key is remembered, for `exact_for` only. */
    windowMs: z.int().min(MIN_WINDOW_MS).max(MAX_WINDOW_MS).optional(),
  })
  .superRefine(({ idempotency, windowMs }, context) => {
    if ((idempotency === 'exact_for') === (windowMs !== undefined)) return;
    const message = 'goes with idempotency "exact_for", and only with it';
    context.addIssue({ code: 'custom', path: ['windowMs'], message });
  });

/** Request header that names the rule of the account; `exact` when absent. */
export const KEY_RULE_HEADER = 'sandbox-idempotency';

/** The rule of an account by its settings; those that cannot be read protect from nothing. */
export function keyRuleOf(settings: Readonly<Record<string, unknown>>): Idempotency {
  const parsed = SandboxSettings.safeParse(settings);
  if (!parsed.success) return 'none';
  const { idempotency = 'exact', windowMs } = parsed.data;
  if (idempotency !== 'exact_for') return idempotency;
  return windowMs === undefined ? 'none' : { exact_for: windowMs };
}

export function keyRuleHeader(rule: Idempotency): string {
  return typeof rule === 'string' ? rule : `exact_for=${rule.exact_for}`;
}

/** Reads the header. */
export const KeyRuleHeader = z
  .string()
  .regex(/^(exact|match|none|exact_for=\d{1,8})$/, `${KEY_RULE_HEADER} names no rule`)
  .transform((text): Idempotency => {
    const [name, window] = text.split('=');
    if (window !== undefined) return { exact_for: Number(window) };
    return name === 'match' || name === 'none' ? name : 'exact';
  });
