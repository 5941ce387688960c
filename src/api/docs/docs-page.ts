import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

export interface DocsPage {
  html: string;
  /** Allows exactly the page's own style and script, and the document it reads. */
  contentSecurityPolicy: string;
}

/** The reference page: one self-contained file that renders `/openapi.json`. */
export function readDocsPage(): DocsPage {
  const part = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8');
  const style = part('./docs.css');
  const script = part('./docs.js');
  const html = part('./docs.html')
    .replace('/*STYLE*/', () => style)
    .replace('/*SCRIPT*/', () => script);
  return {
    html,
    contentSecurityPolicy: [
      "default-src 'none'",
      `style-src ${hashSource(style)}`,
      `script-src ${hashSource(script)}`,
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
  };
}

function hashSource(text: string): string {
  return `'sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}'`;
}
