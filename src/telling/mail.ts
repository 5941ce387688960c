import { createHash } from 'node:crypto';
import { createTransport } from 'nodemailer';
import type { ClaimedSend } from '../db/telling/notice-sends.ts';
import { type Line, lineOf, oneLine, wordsOf } from './message.ts';
import type { SendOutcome } from './send-outcome.ts';

/** Where mail goes and whom it is from. */
export interface MailSettings {
  host: string;
  port: number;
  tls: 'starttls' | 'implicit' | 'off';
  login: { user: string; password: string } | null;
  from: string;
}

export interface Mailer {
  /** Sends the notices of one member as one mail, once. Never throws for what the server does. */
  send(sends: readonly [ClaimedSend, ...ClaimedSend[]]): Promise<SendOutcome>;
}

/** From the connection to the answer to the last byte. */
const DEADLINE_MS = 20_000;
const STEP_TIMEOUT_MS = 10_000;
const MAX_SUBJECT = 150;

export function createMailer(
  settings: MailSettings,
  { publicUrl, deadlineMs = DEADLINE_MS }: { publicUrl: string | null; deadlineMs?: number },
): Mailer {
  const { host, port, tls, login, from } = settings;
  const transport = createTransport({
    host,
    port,
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'off',
    ...(login !== null && { auth: { user: login.user, pass: login.password } }),
    connectionTimeout: STEP_TIMEOUT_MS,
    greetingTimeout: STEP_TIMEOUT_MS,
    dnsTimeout: STEP_TIMEOUT_MS,
    socketTimeout: STEP_TIMEOUT_MS,
    socketCloseTimeout: 0,
    // A mail is what we write: nothing in it names a file or an address to fetch.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    async send(sends) {
      const { email } = sends[0].member;
      if (email === null) return { kind: 'refused', error: 'the member has no mail address' };
      try {
        await transport.sendMail({
          ...mailOf(sends, { from, publicUrl }),
          from: { name: 'Baton', address: from },
          to: { name: oneLine(sends[0].member.name), address: email },
          signal: AbortSignal.timeout(deadlineMs),
        });
        return { kind: 'sent' };
      } catch (error) {
        return failureOf(error);
      }
    },
  };
}

/** Text, HTML and headers of one mail. */
export function mailOf(
  sends: readonly [ClaimedSend, ...ClaimedSend[]],
  { from, publicUrl }: { from: string; publicUrl: string | null },
) {
  const [first] = sends;
  const { language } = first.member;
  const lines = sends.map(lineOf);
  const isDigest = lines.length > 1;
  const subject = isDigest
    ? wordsOf('message.digest', language, { count: lines.length })
    : (lines[0]?.text ?? '');
  const placeOf = ({ itemId }: Line): string[] =>
    itemId === null
      ? []
      : [wordsOf('message.item', language, { place: addressOf(itemId, publicUrl) })];
  const ends = [wordsOf('message.why', language), wordsOf('message.more', language)];
  const text = [
    ...lines.flatMap((line) => [
      `${isDigest ? `${line.at}: ` : ''}${line.text}`,
      ...placeOf(line),
      '',
    ]),
    '-- ',
    ...ends,
  ].join('\n');
  const paragraphs = lines.map((line) => {
    const when = isDigest ? [small(line.at)] : [];
    return `<p>${[...when, html(line.text), ...placeOf(line).map(small)].join('<br>')}</p>`;
  });
  const foot = `<hr><p>${ends.map(small).join('<br>')}</p>`;
  return {
    subject: subject.slice(0, MAX_SUBJECT),
    text,
    html: `<!doctype html><html lang="${language}"><body>${paragraphs.join('')}${foot}</body></html>`,
    // The same when a sender that died is repeated by another one: mail programs show it once.
    messageId: `<${createHash('sha256').update(first.send.id).digest('hex').slice(0, 32)}@${
      from.split('@').at(-1) ?? 'baton'
    }>`,
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
    list: { unsubscribe: { url: `mailto:${from}?subject=unsubscribe` } },
  };
}

function addressOf(itemId: string, publicUrl: string | null): string {
  return publicUrl === null ? itemId : `${publicUrl}/v1/items/${itemId}`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function html(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

function small(text: string): string {
  return `<small>${html(text)}</small>`;
}

/** A server's 5xx about this mail or its receiver stays a no; anything else may pass. */
function failureOf(error: unknown): SendOutcome {
  const { responseCode, code, message } = error as {
    responseCode?: number;
    code?: string;
    message?: string;
  };
  const text = oneLine(`${code ?? 'error'} ${message ?? ''}`);
  const isAboutMail = code === 'EENVELOPE' || code === 'EMESSAGE';
  const isFinal = isAboutMail && responseCode !== undefined && responseCode >= 500;
  return isFinal ? { kind: 'refused', error: text } : { kind: 'failed', error: text };
}
