/** What a program under test tells its harness at an exact instant. */
export interface HarnessCall {
  at:
    | 'before-publish'
    | 'before-update'
    | 'after-update'
    | 'before-store'
    | 'within-store'
    | 'after-store';
  pid: number;
  /** The post's text, the command's id, or the post and its checkpoint. */
  subject: string;
}

/** Longer than any line pauses a process. */
const DEADLINE_MS = 120_000;

/** Waits for the harness. One that is gone stops nothing. */
export async function callHarness(call: Omit<HarnessCall, 'pid'>): Promise<void> {
  const url = process.env['RELIABILITY_HARNESS'];
  if (url === undefined) return;
  const body = JSON.stringify({ ...call, pid: process.pid } satisfies HarnessCall);
  await fetch(url, { method: 'POST', body, signal: AbortSignal.timeout(DEADLINE_MS) })
    .then((response) => response.text())
    .catch(() => {});
}
