import { z } from 'zod';
import type { ConfigIssue } from './config-error.ts';
import { isLoopback } from './loopback.ts';

const port = 'must be a port from 1 to 65535';

/** How mail leaves; docs/configuration.md explains each. */
export const mailVariables = {
  BATON_SMTP_HOST: z
    .string()
    .regex(/^[\w.:-]{1,253}$/, 'must be the name or address of an SMTP server')
    .optional(),
  BATON_SMTP_PORT: z
    .string()
    .regex(/^\d{1,5}$/, port)
    .transform(Number)
    .refine((value) => value >= 1 && value <= 65_535, port)
    .optional(),
  BATON_SMTP_TLS: z
    .enum(['starttls', 'implicit', 'off'], { error: 'must be starttls, implicit or off' })
    .default('starttls'),
  BATON_SMTP_USER: z.string().max(300).optional(),
  BATON_SMTP_PASSWORD: z.string().max(1_000).optional(),
  BATON_MAIL_FROM: z
    .email({ error: 'must be a mail address such as baton@example.com' })
    .optional(),
};

/** The SMTP server that takes mail, and whom it is from. */
export interface MailConfig {
  host: string;
  port: number;
  tls: 'starttls' | 'implicit' | 'off';
  /** Null: the server asks for none. */
  login: { user: string; password: string } | null;
  from: string;
}

/** Null: no mail is sent. What cannot be meant so is added to the issues. */
export function mailConfigOf(
  variables: z.output<z.ZodObject<typeof mailVariables>>,
  issues: ConfigIssue[],
): MailConfig | null {
  const { BATON_SMTP_HOST: host, BATON_MAIL_FROM: from, BATON_SMTP_TLS: tls } = variables;
  const { BATON_SMTP_USER: user, BATON_SMTP_PASSWORD: password } = variables;
  if (host === undefined) {
    if (from !== undefined) {
      issues.push({ variable: 'BATON_SMTP_HOST', rule: 'is required with BATON_MAIL_FROM' });
    }
    return null;
  }
  if (from === undefined) {
    issues.push({ variable: 'BATON_MAIL_FROM', rule: 'is required with BATON_SMTP_HOST' });
    return null;
  }
  if ((user === undefined) !== (password === undefined)) {
    const rule = 'is required with BATON_SMTP_USER, and the other way round';
    issues.push({ variable: 'BATON_SMTP_PASSWORD', rule });
  }
  if (tls === 'off' && !isLoopback(host)) {
    const rule =
      'must not be off for a server on another machine: notices would travel unencrypted';
    issues.push({ variable: 'BATON_SMTP_TLS', rule });
  }
  return {
    host,
    port: variables.BATON_SMTP_PORT ?? (tls === 'implicit' ? 465 : 587),
    tls,
    login: user === undefined || password === undefined ? null : { user, password },
    from,
  };
}
