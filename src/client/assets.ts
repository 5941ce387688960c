import { errorOf } from './answers.ts';
import type { Asset } from './api-types.ts';

/** Files and packs go in and come out as bytes, which the typed calls do not carry. */
export function assetCalls({ url, transport }: { url: string; transport: typeof fetch }) {
  const base = url.replace(/\/+$/, '');
  const download = createDownload({ url, transport });
  return {
    /** Stores a file; the same bytes again are the same asset. The API looks at the bytes for their type. */
    async upload(
      file: Blob | Uint8Array<ArrayBuffer>,
      { kind }: { kind: Asset['kind'] },
    ): Promise<Asset> {
      const declared = file instanceof Blob ? file.type : '';
      const reply = await transport(`${base}/v1/assets?kind=${encodeURIComponent(kind)}`, {
        method: 'POST',
        headers: { 'content-type': declared || 'application/octet-stream' },
        body: file,
      });
      if (!reply.ok) throw await errorOf(reply);
      // The route answers a success with an asset and nothing else.
      return (await reply.json()) as Asset;
    },
    download: (hash: string) => download(`/v1/assets/${encodeURIComponent(hash)}`),
  };
}

/** Reads what an address answers as bytes. */
export function createDownload({ url, transport }: { url: string; transport: typeof fetch }) {
  const base = url.replace(/\/+$/, '');
  return async (path: string): Promise<Blob> => {
    const reply = await transport(`${base}${path}`);
    if (!reply.ok) throw await errorOf(reply);
    return reply.blob();
  };
}
