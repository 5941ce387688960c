import type { Finding, FindingRecord, StuckAudit } from '../client/index.ts';
import { type Names, ownerText, time } from './print-item.ts';
import { textTable } from './text-table.ts';

/** What is stuck, since when, waiting on whom, what is missing and what may be done, worst first. */
export function findingsText(
  { items, couldNotAsk }: Pick<StuckAudit, 'items' | 'couldNotAsk'>,
  names: Names,
): string {
  const findings = items.map((finding) => findingText(finding, names));
  const gaps = couldNotAsk.map(
    ({ what, why, codes }) => `could not ask: ${what} (${why}); may hide ${codes.join(', ')}`,
  );
  if (findings.length === 0) findings.push('Nothing is stuck.');
  return [...findings, ...gaps].join('\n\n');
}

/** What was stuck: from when until when it was seen, and why it no longer is. */
export function closedFindingsText(findings: readonly FindingRecord[]): string {
  if (findings.length === 0) return 'Nothing was stuck.';
  return findings
    .map(({ severity, code, message, since, openedAt, closedAt, closedBecause, id }) => {
      const rows = [
        ['since', time(since)],
        ['found', time(openedAt)],
        ['closed', closedAt === null ? 'it is open' : time(closedAt)],
        ['because', closedBecause ?? ''],
        ['finding', id],
      ];
      return `${severity} ${code}  ${message}\n${textTable(rows, { indent: 2 })}`;
    })
    .join('\n\n');
}

function findingText(finding: Finding, names: Names): string {
  const { code, severity, message, since, waitingOn, unmet, repairs, noRepair, id } = finding;
  const rows = [
    ['since', time(since)],
    ...waitingOn.map(({ role, memberId, for: command }) => [
      'waiting on',
      `${ownerText({ role, memberId: memberId ?? null }, names)} for ${command}`,
    ]),
    ...unmet.map((one) => ['unmet', `${one.code}: ${one.message}`]),
    ['repairs', repairs.join(', ') || 'none allowed here'],
    ...(noRepair === undefined ? [] : [['no repair', noRepair]]),
    ['finding', id],
  ];
  return `${severity} ${code}  ${message}\n${textTable(rows, { indent: 2 })}`;
}
