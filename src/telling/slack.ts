import type { ClaimedSend } from '../db/telling/notice-sends.ts';
import type { NoticeRow } from '../db/telling/notices.ts';
import { LABELS } from '../domain/labels/labels.ts';
import type { Language } from '../domain/labels/words.ts';
import type { HttpClient } from '../http/http-client.ts';
import { REFUSED_ADDRESS_CODES, retryAfterMs } from '../http/http-outcome.ts';
import { lineOf, oneLine, wordsOf } from './message.ts';
import type { SendOutcome } from './send-outcome.ts';

const TIMEOUT_MS = 10_000;
/** Slack takes 3,000 characters in a block of text, of which an escaped one may be five, and 50 blocks. */
const MAX_TEXT = 250;
const MAX_NAME = 60;
const MAX_LINES = 20;
const MAX_ANSWER_BYTES = 4_096;
/** The reasons that have a button; the others are given in Baton. */
const BUTTON_REASONS = ['off_brief', 'factual_error', 'legal_risk', 'quality'] as const;

/**
 * Posts notices that fit into one message (`forOneMessage`) to an incoming webhook. A repetition after a
 * crash is another message: Slack knows no keys.
 */
export async function sendToSlack(
  http: HttpClient,
  url: string,
  sends: readonly [ClaimedSend, ...ClaimedSend[]],
): Promise<SendOutcome> {
  const outcome = await http.request({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify(slackMessage(sends)),
    timeoutMs: TIMEOUT_MS,
    maxResponseBytes: MAX_ANSWER_BYTES,
  });
  if (outcome.kind !== 'response') {
    const isRefused = REFUSED_ADDRESS_CODES.some((code) => code === outcome.code);
    return { kind: isRefused ? 'refused' : 'failed', error: outcome.code };
  }
  const { status, headers } = outcome;
  if (status >= 200 && status < 300) return { kind: 'sent' };
  const error = `Slack answered ${status}`;
  if (status !== 429 && status < 500) return { kind: 'refused', error };
  const afterMs = retryAfterMs(headers, Date.now());
  return { kind: 'failed', error, ...(afterMs !== null && { afterMs }) };
}

/** The notices that one message has room for, and those that the next one says. */
export function forOneMessage(sends: readonly [ClaimedSend, ...ClaimedSend[]]): {
  said: [ClaimedSend, ...ClaimedSend[]];
  later: ClaimedSend[];
} {
  const [first, ...rest] = sends;
  const causes = [...new Set(sends.map(({ notice }) => notice.cause))];
  const fits = new Set(causes.slice(0, MAX_LINES));
  const isSaid = ({ notice }: ClaimedSend) => fits.has(notice.cause);
  return { said: [first, ...rest.filter(isSaid)], later: rest.filter((one) => !isSaid(one)) };
}

/** The message in Slack's block kit. One about a question has buttons that answer it. */
export function slackMessage(sends: readonly [ClaimedSend, ...ClaimedSend[]]) {
  const [first] = sends;
  // In a shared channel one cause is one line, for everybody it is told to.
  const byCause = [...Map.groupBy(sends, ({ notice }) => notice.cause).values()];
  const { language } = first.member;
  const blocks: object[] = byCause.flatMap((same) => {
    const [one] = same;
    if (one === undefined) return [];
    const names = same.map(({ member }) => oneLine(member.name).slice(0, MAX_NAME)).join(', ');
    const { text, itemId } = lineOf(one);
    const place =
      itemId === null ? '' : `\n${wordsOf('message.item', language, { place: itemId })}`;
    const mrkdwn = `*${escaped(names)}*: ${escaped(text)}${place}`;
    const section = { type: 'section', text: { type: 'mrkdwn', text: mrkdwn } };
    const buttons = buttonsOf(one.notice, language);
    return buttons.length === 0 ? [section] : [section, { type: 'actions', elements: buttons }];
  });
  return { text: escaped(lineOf(first).text), blocks };
}

/** Each button carries the decision as an endpoint for Slack takes it. */
function buttonsOf({ about, itemId }: NoticeRow, language: Language): object[] {
  const { for: command, role, contentHash, handoffId } = about;
  const labels = LABELS[language];
  if (command === 'accept_handoff' && handoffId !== undefined) {
    const value = { type: 'accept_handoff', itemId, handoffId };
    return [button('accept_handoff', wordsOf('answer.accept', language), value, 'primary')];
  }
  if (command === 'decide_approval' && contentHash !== undefined) {
    const asked = { type: 'decide_approval', itemId, role, contentHash };
    const approve = { ...asked, decision: 'approve' };
    return [
      button('approve', wordsOf('answer.approve', language), approve, 'primary'),
      ...BUTTON_REASONS.map((reason) =>
        button(`request_changes:${reason}`, labels.reasons[reason], {
          ...asked,
          decision: 'request_changes',
          reason,
        }),
      ),
    ];
  }
  return [];
}

function button(action: string, label: string, value: object, style?: 'primary'): object {
  return {
    type: 'button',
    action_id: `baton:${action}`,
    text: { type: 'plain_text', text: label.slice(0, 75) },
    value: JSON.stringify(value),
    ...(style !== undefined && { style }),
  };
}

/** Slack reads these three characters, and nothing else, as more than text in a link or a mention. */
function escaped(text: string): string {
  return text
    .slice(0, MAX_TEXT)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(/[*_~`]/g, '\u200b$&');
}
