/** A checkpoint that nobody signed. */
export const CHECKPOINT = {
  seq: 1,
  at: '2026-01-01T00:00:00.000Z',
  keyId: 'k',
  publicKey: 'p',
  heads: Buffer.from(''),
  headCount: 1,
  headsHash: 'h',
  prevHash: 'h',
  hash: 'h',
  signature: 's',
};
