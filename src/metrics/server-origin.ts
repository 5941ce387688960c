import { z } from 'zod';

/** The address of a server that people run themselves: no path, no credentials in it. */
export function serverOrigin(example: string) {
  const rule = `is the address of the server without a path, such as ${example}`;
  return z
    .url({ protocol: /^https?$/, error: rule, abort: true })
    .max(300)
    .refine((text) => new URL(text).href === `${new URL(text).origin}/`, rule)
    .transform((text) => new URL(text).origin);
}

/** The address of a program that may live below a path of its server. */
export function serverPath(example: string) {
  const rule = `is the address of the server, without a query, such as ${example}`;
  return z
    .url({ protocol: /^https?$/, error: rule, abort: true })
    .max(300)
    .refine((text) => new URL(text).href === pathOf(text), rule)
    .transform((text) => pathOf(text).replace(/\/+$/, ''));
}

function pathOf(text: string): string {
  const { origin, pathname } = new URL(text);
  return `${origin}${pathname}`;
}
