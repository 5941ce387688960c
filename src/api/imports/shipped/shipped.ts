import { googleAnalytics } from './google-analytics.ts';
import { linkedin } from './linkedin.ts';
import type { ShippedMapping } from './mapping.ts';
import { matomo } from './matomo.ts';
import { meta } from './meta.ts';
import { searchConsole } from './search-console.ts';
import { x } from './x.ts';

export const SHIPPED_MAPPINGS: readonly ShippedMapping[] = [
  linkedin,
  x,
  meta,
  googleAnalytics,
  searchConsole,
  matomo,
];

export function shippedMapping(id: string): ShippedMapping | null {
  return SHIPPED_MAPPINGS.find((one) => one.id === id) ?? null;
}
