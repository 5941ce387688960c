import { isDatabaseAway } from '../../db/errors.ts';
import { ApiError, type ErrorCode } from '../gates/errors.ts';
import { toApiError } from '../gates/problem-response.ts';

/** What helps: the same file fails for the same reason, unless that was none of the file's. */
const REMEDIES: Partial<Record<ErrorCode, string>> = {
  invalid_request: 'mend the file and send it again',
  payload_too_large: 'send it in smaller files, each with its header',
  request_timeout: 'send the same file again, or in smaller files, each with its header',
};
const OTHERWISE = 'send the same file again';

/** Room that `remedy` has in the row of an import, which keeps both. */
const LONGEST_REASON = 250;

/** Why an import ended of which rows may be stored, and what to do about it. */
export interface ImportFailure {
  /** As whoever sent the file is answered. */
  error: ApiError;
  /** As the import says it. */
  text: string;
}

/** @param lastLine that is stored; 0 when none is. */
export function failureOf(
  thrown: unknown,
  { importId, lastLine }: { importId: string; lastLine: number },
): ImportFailure {
  const { code, message, parts, cause = thrown } = problemOf(thrown);
  const stored = lastLine === 0 ? 'stored nothing' : `stored the rows until line ${lastLine}`;
  const remedy = `${REMEDIES[code] ?? OTHERWISE}: rows that are stored count as unchanged`;
  const detail = `${message}; import ${importId} ${stored}: ${remedy}`;
  return {
    error: new ApiError(code, { ...parts, detail }, { cause }),
    text: `${message.slice(0, LONGEST_REASON)}; ${stored}: ${remedy}`,
  };
}

function problemOf(thrown: unknown): ApiError {
  const problem = toApiError(thrown);
  // Of other requests it says that nothing was stored.
  if (thrown instanceof ApiError || !isDatabaseAway(thrown)) return problem;
  return new ApiError(
    problem.code,
    { ...problem.parts, detail: 'the database is away' },
    { cause: thrown },
  );
}
