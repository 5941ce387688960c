/**
 * Prefixed ids. Those of rows are minted by the API (ULID); those of things that the run creates
 * (handoffs, publications, reviews) are derived from the item id and a counter in its context, so
 * that a replayed or repeated transition names the same thing.
 */
export const ID_PREFIXES = {
  workspace: 'wsp',
  member: 'mbr',
  apiKey: 'key',
  item: 'itm',
  campaign: 'cmp',
  campaignAct: 'cac',
  channelAccount: 'cha',
  comment: 'cmt',
  learning: 'lrn',
  webhookEndpoint: 'whe',
  metricSource: 'msr',
  reading: 'rdg',
  readingImport: 'imp',
  readingPreview: 'ipv',
  csvMapping: 'csm',
  intent: 'int',
  finding: 'fnd',
  repair: 'rpr',
  request: 'req',
  handoff: 'hnd',
  publication: 'pub',
  review: 'rev',
  blackout: 'blk',
  freeze: 'frz',
  calendarFeed: 'fed',
  approvalLink: 'lnk',
  notice: 'ntc',
  noticeSend: 'nts',
  slackChannel: 'slk',
  event: 'evt',
  webhookSubscription: 'whs',
  webhookDelivery: 'whd',
} as const satisfies Record<string, string>;

export type IdKind = keyof typeof ID_PREFIXES;

/** The id of the `count`-th thing of a kind inside an item, e.g. `pub_01J…_2`. */
export function derivedId(
  kind: 'handoff' | 'publication' | 'review',
  itemId: string,
  count: number,
): string {
  return `${ID_PREFIXES[kind]}_${itemId.replace(/^itm_/, '')}_${count}`;
}

/** Workflow id of an item's run: readable, unique per item. */
export function itemWorkflowId(itemId: string): string {
  return `item:${itemId}`;
}
