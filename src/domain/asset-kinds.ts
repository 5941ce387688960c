/** What a file or a text of a draft is. */
export const ASSET_KINDS = ['written', 'visual', 'video', 'audio'] as const;
export type AssetKind = (typeof ASSET_KINDS)[number];
