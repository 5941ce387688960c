import { extname, join } from 'node:path';
import type { DataConverter } from '@temporalio/common';
import { createPayloadCodec, type PayloadKeys } from './payload-codec.ts';

/** The converter's own file: TypeScript in a checkout, JavaScript in the package. */
export const FAILURE_CONVERTER_PATH = join(
  import.meta.dirname,
  `failure-converter${extname(import.meta.filename)}`,
);

/** How what API, workers and audit give to the engine is stored there: the same for all of them. */
export function createDataConverter(keys: PayloadKeys): DataConverter {
  return {
    failureConverterPath: FAILURE_CONVERTER_PATH,
    payloadCodecs: [createPayloadCodec(keys)],
  };
}
