/** Options of a change. */
export interface CallOptions {
  /** The same key and body is the same change, whoever repeats it; a new one per call by default. */
  idempotencyKey?: string | undefined;
}

/** Options of a save. */
export type SaveOptions = CallOptions & {
  /** Hash of the version that is changed, or `*`: refused when somebody saved in between. */
  ifMatch?: string | undefined;
};

/** The options as request headers. */
export function headersOf({ idempotencyKey, ifMatch }: SaveOptions = {}): {
  headers: Record<string, string>;
} {
  const headers: Record<string, string> = {};
  if (idempotencyKey !== undefined) headers['idempotency-key'] = idempotencyKey;
  if (ifMatch !== undefined) headers['if-match'] = ifMatch === '*' ? '*' : `"${ifMatch}"`;
  return { headers };
}

/** Arguments of a change: its body may be left out where nothing has to be in it. */
export type BodyAndOptions<Json> =
  Partial<Json> extends Json
    ? [json?: Json, options?: CallOptions]
    : [json: Json, options?: CallOptions];
