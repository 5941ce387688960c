import type { Story } from './story.ts';

const TIMEOUT_MS = 10_000;
const LOOKS = 10;
const APPROVER = { name: 'Claire Conseil', email: 'claire@lawyers.example' };

/** Somebody without an account approves for legal by a secret address. Looking at it decides nothing. */
export async function decideByLink(
  { narrator, cast }: Story,
  { itemId, title }: { itemId: string; title: string },
): Promise<void> {
  const { strategist } = cast;
  const { items } = strategist.client;
  const made = await items.addApprovalLink(itemId, { role: 'legal', ...APPROVER });
  narrator.done(strategist.name, `makes an approval link for ${APPROVER.name}, who has no account`);
  const address = new URL(made.url, strategist.client.url);

  const page = await call(address, 'GET');
  const { status, text } = page;
  if (status !== 200 || !text.includes(title) || /<script/i.test(text)) {
    throw new Error(`the page of the link is not as it should be: ${status}`);
  }
  const { seq } = await items.get(itemId);
  await Promise.all(
    Array.from({ length: LOOKS }, (_, index) => call(address, index % 2 === 0 ? 'GET' : 'HEAD')),
  );
  const looked = await stateOf();
  if (looked.state !== 'open' || (await items.get(itemId)).seq !== seq) {
    throw new Error(`looking at the link changed something: it is ${looked.state}`);
  }
  const decided = await call(address, 'POST', new URLSearchParams({ decision: 'approve' }));
  const again = await call(address, 'POST', new URLSearchParams({ decision: 'approve' }));
  const { state, decision } = await stateOf();
  narrator.facts({
    GET: `${status}: the text, the posts and a form, without a script`,
    scanner: `${LOOKS} more looks by GET and HEAD: the link is still ${looked.state}`,
    POST: `${decided.status}: ${decision?.decision} by ${APPROVER.name}, ${decision?.outcome}`,
    again: `${again.status}: the link is ${state}`,
  });

  async function stateOf() {
    const page = await items.approvalLinks(itemId);
    const link = page.items.find(({ id }) => id === made.id);
    if (!link) throw new Error(`${itemId} has no link ${made.id}`);
    return link;
  }
}

async function call(address: URL, method: 'GET' | 'HEAD' | 'POST', body?: URLSearchParams) {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(address, { method, signal, ...(body && { body }) });
  return { status: response.status, text: await response.text() };
}
