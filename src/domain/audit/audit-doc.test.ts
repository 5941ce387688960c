import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AUDIT_REPAIRS, FINDING_CODES, kindOf } from './finding-catalogue.ts';

const page = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'audit.md'), 'utf8');

describe('docs/audit.md', () => {
  it('has a row for every code, as the catalogue has it', () => {
    for (const code of FINDING_CODES) {
      const { severity, source, repairs } = kindOf(code);
      const offered = repairs.map((repair) => `\`${repair}\``).join(', ') || '-';
      expect(page).toContain(`| \`${code}\` | ${severity} | ${source} | ${offered} |`);
    }
  });

  it('explains every code, and every repair of the audit', () => {
    for (const code of FINDING_CODES) {
      expect(page, code).toContain(`**\`${code}\`**`);
    }
    for (const repair of AUDIT_REPAIRS) expect(page, repair).toContain(`| \`${repair}\` |`);
  });
});
