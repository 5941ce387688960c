import { createHash } from 'node:crypto';
import { html, raw } from 'hono/html';
import type { ZodError } from 'zod';
import type { CommandRow } from '../../db/item/commands.ts';
import { REASONS } from '../../domain/item/commands/reasons.ts';
import type { Draft, Variant } from '../../domain/item/content/draft.ts';
import type { PublicationRecord } from '../../domain/item/context.ts';
import type { LinkState } from '../../domain/item/requirements/approval-link.ts';
import type { Unmet } from '../../domain/item/requirements/catalogue.ts';
import { LABELS } from '../../domain/labels/labels.ts';
import type { Language } from '../../domain/labels/words.ts';
import type { ApproverRole } from '../../domain/people/roles.ts';
import type { ExpectedLink } from '../../links/expected-links.ts';
import { decisionOf, type GivenDecision } from './decision.ts';
import type { TextChange } from './difference.ts';
import { PAGE_WORDS } from './words.ts';

/** HTML whose values are escaped; parts of one may be lists. */
type Html = ReturnType<typeof html>;

export interface AskedContent {
  language: Language;
  token: string;
  name: string;
  role: ApproverRole;
  title: string;
  draft: Draft;
  /** Null when no earlier version was decided on. */
  changes: TextChange[] | null;
  slots: PublicationRecord[];
  /** As they will be sent. */
  links: ExpectedLink[];
  expiresAt: string;
  zone: string;
  /** What is wrong with the form that was sent. */
  problems: readonly string[];
  /** The item is on hold: nothing can be sent. */
  isHeld: boolean;
}

const STYLE = `body{font:1rem/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}
pre{white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:plaintext;background:#f4f4f4;padding:.75rem}
img{max-width:100%}ins{background:#d5f5d5}del{background:#f9d5d5}
form{border:1px solid #888;padding:1rem}textarea,select{width:100%}button{font:inherit;padding:.5rem 1rem}
.problem{border-left:.3rem solid #b00;padding-left:.75rem}`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** The page runs nothing, loads only its own pictures, and sends its form to nobody else. */
export const PAGE_HEADERS = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
  'Cache-Control': 'no-store',
  'Referrer-Policy': 'no-referrer',
  'X-Robots-Tag': 'noindex, nofollow, noarchive',
  Vary: 'Accept-Language',
} as const;

/** A page that says one thing, and lists why. */
export function messagePage(
  language: Language,
  message: string,
  lines: readonly string[] = [],
): Html {
  const words = PAGE_WORDS[language];
  return shell(language, words.title, html`<h1>${words.title}</h1><p>${message}</p>${list(lines)}`);
}

/** What became of a link that asks nothing any more. */
export function overPage(
  language: Language,
  state: Exclude<LinkState, 'open'>,
  command: Pick<CommandRow, 'payload' | 'state' | 'settledAt' | 'createdAt' | 'unmet'> | null,
): Html {
  const { outcomes } = PAGE_WORDS[language];
  if (state !== 'used') return messagePage(language, outcomes[state]);
  if (command === null) throw new TypeError('a link is used by its command');
  return decidedPage(language, { ...decisionOf(command), unmet: command.unmet });
}

/** What a decision came to. */
export function decidedPage(
  language: Language,
  {
    decision,
    outcome,
    unmet = [],
  }: Pick<GivenDecision, 'decision' | 'outcome'> & { unmet?: readonly Unmet[] | null },
): Html {
  const { outcomes } = PAGE_WORDS[language];
  if (outcome === 'pending') return messagePage(language, outcomes.pending);
  if (outcome === 'refused') {
    const lines = (unmet ?? []).map(({ message }) => message);
    return messagePage(language, outcomes.refused, lines);
  }
  const said = decision === 'approve' ? outcomes.approved : outcomes.changesRequested;
  return messagePage(language, said);
}

/** What is wrong with a form, a line for each field. */
export function problemsIn({ issues }: ZodError, language: Language): string[] {
  const { problems } = PAGE_WORDS[language];
  const fields = new Set(issues.map(({ path }) => path[0]));
  return [...fields].map((field) => {
    switch (field) {
      case 'decision':
      case 'reason':
      case 'comment':
        return problems[field];
      default:
        return problems.form;
    }
  });
}

/** What is asked, in full, and the form that answers it. */
export function askedPage(asked: AskedContent): Html {
  const { language, draft, token, title } = asked;
  const words = PAGE_WORDS[language];
  const role = LABELS[language].roles[asked.role];
  const body = html`<h1>${words.title}</h1>
<p>${words.asked(asked.name, role)} ${words.until} ${instant(asked.expiresAt, asked)}.</p>
<h2>${title}</h2>
${asked.slots.length === 0 ? html`<p>${words.noSlot}</p>` : slotList(asked)}
<h2>${words.content}</h2>
<h3>${draft.title}</h3>
${text(draft.body)}
${draft.assets.length === 0 ? '' : html`<h2>${words.files}</h2>${draft.assets.map((asset) => file(asset, { token, language }))}`}
${draft.variants.length === 0 ? '' : html`<h2>${words.variants}</h2>${draft.variants.map((variant) => post(variant, asked))}`}
<h2>${words.changes}</h2>
${changeList(asked.changes, language)}
<h2>${words.decide}</h2>
${asked.isHeld ? html`<p>${words.waits}</p>` : form(asked)}`;
  return shell(language, words.title, body);
}

function shell(language: Language, title: string, body: Html): Html {
  return html`<!doctype html>
<html lang="${language}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow"><meta name="referrer" content="no-referrer">
<title>${title}</title><style>${raw(STYLE)}</style></head><body><main>
${body}
</main></body></html>
`;
}

/** A form without an address sends to the page's own. */
function form({ language, problems }: AskedContent): Html {
  const words = PAGE_WORDS[language];
  const reasons = REASONS.map(
    (code) => html`<option value="${code}">${LABELS[language].reasons[code]}</option>`,
  );
  return html`${problems.length === 0 ? '' : html`<div class="problem"><p>${words.outcomes.invalid}</p>${list(problems)}</div>`}
<form method="post" accept-charset="utf-8"><p>${words.once}</p>
<p><label>${words.comment}<br><textarea name="comment" rows="4" maxlength="10000"></textarea></label></p>
<p><label>${words.reason}<br><select name="reason"><option value="">${words.noReason}</option>${reasons}</select></label></p>
<p><button name="decision" value="approve">${words.approve}</button>
<button name="decision" value="request_changes">${words.requestChanges}</button></p></form>`;
}

function slotList({ slots, language }: AskedContent): Html {
  return html`<p>${PAGE_WORDS[language].slots}</p><ul>${slots.map(
    ({ channel, local, zone, at }) =>
      html`<li>${channel}: <time datetime="${at}">${local.replace('T', ' ')} (${zone})</time></li>`,
  )}</ul>`;
}

function post(
  { channel, text: own, thread = [], link }: Variant,
  { language, links }: Pick<AskedContent, 'language' | 'links'>,
): Html {
  const words = PAGE_WORDS[language];
  const sent = links.filter((one) => one.channel === channel && one.address !== one.written);
  return html`<h3>${channel}</h3>${text(own)}
${thread.map((part, index) => html`<p>${words.thread} ${index + 2}</p>${text(part)}`)}
${link === undefined ? '' : html`<p>${words.link}: <code>${link}</code></p>`}
${sent.map(({ address, target }) => html`<p>${words.sentAs}: ${address === null ? words.shortLink : html`<code>${address}</code>`} → <code>${target}</code></p>`)}`;
}

/** Addresses below the page's own, so that they hold behind a proxy with a path of its own. */
function file(
  { hash, kind, altText }: Draft['assets'][number],
  { token, language }: { token: string; language: Language },
): Html {
  const words = PAGE_WORDS[language];
  const address = `${token}/files/${hash}`;
  const told = altText ?? words.noPicture;
  return kind === 'visual'
    ? html`<figure><img src="${address}" alt="${told}"><figcaption>${told}</figcaption></figure>`
    : html`<p><a href="${address}">${words.openFile}: ${kind}</a> ${altText ?? ''}</p>`;
}

function changeList(changes: TextChange[] | null, language: Language): Html {
  const words = PAGE_WORDS[language];
  if (changes === null) return html`<p>${words.firstVersion}</p>`;
  if (changes.length === 0) return html`<p>${words.noChanges}</p>`;
  const names: Record<string, string> = words.parts;
  return html`${changes.map(
    ({ of, parts }) =>
      html`<h3>${names[of] ?? of}</h3>${
        parts === null
          ? html`<p>${words.rewritten}</p>`
          : html`<pre dir="auto">${parts.map(({ text: part, change }) =>
              change === 'added'
                ? html`<ins>${part}</ins>`
                : change === 'removed'
                  ? html`<del>${part}</del>`
                  : part,
            )}</pre>`
      }`,
  )}`;
}

/** Just as it is, its line breaks too. */
function text(value: string): Html {
  return html`<pre dir="auto">${value}</pre>`;
}

function list(lines: readonly string[]): Html | '' {
  return lines.length === 0 ? '' : html`<ul>${lines.map((line) => html`<li>${line}</li>`)}</ul>`;
}

function instant(at: string, { language, zone }: Pick<AskedContent, 'language' | 'zone'>): Html {
  const format = new Intl.DateTimeFormat(language, {
    dateStyle: 'long',
    timeStyle: 'short',
    timeZone: zone,
  });
  return html`<time datetime="${at}">${format.format(new Date(at))} (${zone})</time>`;
}
