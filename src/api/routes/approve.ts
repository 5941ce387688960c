import { createHash } from 'node:crypto';
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import {
  type ApprovalLinkRow,
  findApprovalLink,
  linkCommandId,
} from '../../db/item/approval-links.ts';
import { getAsset } from '../../db/workspace/assets.ts';
import { inWorkspace } from '../../db/workspace-scope.ts';
import { canonicalJson } from '../../domain/canonical.ts';
import { externalId } from '../../domain/people/external.ts';
import { type AskedItem, createAskedReader } from '../approval-page/asked.ts';
import { DecisionForm, formFields } from '../approval-page/decision.ts';
import {
  askedPage,
  decidedPage,
  messagePage,
  overPage,
  PAGE_HEADERS,
  problemsIn,
} from '../approval-page/page.ts';
import { PAGE_WORDS } from '../approval-page/words.ts';
import { settledOrThrow } from '../command-reply.ts';
import type { ApiDeps } from '../deps.ts';
import {
  addressOf,
  admitCaller,
  type Limits,
  proveInTurn,
  refuseStranger,
} from '../gates/authenticate.ts';
import type { ApiContext, ApiEnv } from '../gates/context.ts';
import { ApiError, problems } from '../gates/errors.ts';
import { requireType } from '../gates/request-body.ts';
import { preferredLanguage } from '../preferred-language.ts';
import { idText, PUBLIC } from '../route-parts.ts';
import { fileAnswer } from './workspace/assets.ts';

const LinkParams = z.object({ token: idText('of the address', 'A'.repeat(43)) });

/** A page, beside the problems that any request may meet with its status. */
function page(description: string, problem: { content: object } = { content: {} }) {
  return { description, content: { 'text/html': { schema: z.string() }, ...problem.content } };
}

const ALWAYS = problems('not_found');
const OF_A_FORM = problems('request_timeout', 'payload_too_large', 'unsupported_media_type');
const OVER = page('The link is used, revoked, void or expired; the page says what became of it');

const showRoute = createRoute({
  method: 'get',
  path: '/approve/{token}',
  operationId: 'showApprovalLink',
  tags: ['Review'],
  summary: 'The page of an approval link; its secret is its credential',
  description:
    'Plain HTML in French or English (`Accept-Language`): the content, its changes since the last version that was decided on, its slots, and a form. To look changes nothing, however often.',
  security: PUBLIC,
  request: { params: LinkParams },
  responses: {
    ...ALWAYS,
    200: page('What is asked'),
    202: page('A decision was given; its verdict is pending'),
    404: page('There is no such link'),
    410: OVER,
  },
});

const decideRoute = createRoute({
  method: 'post',
  path: '/approve/{token}',
  operationId: 'decideByLink',
  tags: ['Review'],
  summary: 'The decision of whoever has an approval link, once',
  description:
    'The form of the page. It is the command `decide_approval` with the id `link:<linkId>`; the actor of its event is `external:<linkId>`. A form that a browser says comes from another site is refused.',
  security: PUBLIC,
  request: {
    params: LinkParams,
    // Named, not given: a schema here would be applied before the link is checked.
    body: {
      required: true,
      content: {
        'application/x-www-form-urlencoded': {
          schema: { $ref: '#/components/schemas/DecisionForm' },
        },
      },
    },
  },
  responses: {
    ...OF_A_FORM,
    200: page('Decided'),
    202: page('The decision is stored; its verdict is pending'),
    400: page('The form is not complete', OF_A_FORM[400]),
    403: page('The form comes from another site'),
    404: page('There is no such link'),
    409: page('The item refuses the decision, or is on hold'),
    410: OVER,
  },
});

const fileRoute = createRoute({
  method: 'get',
  path: '/approve/{token}/files/{hash}',
  operationId: 'getFileOfApprovalLink',
  tags: ['Review'],
  summary: 'A file of the content that an approval link asks about',
  security: PUBLIC,
  request: { params: LinkParams.extend({ hash: idText('hash of the file', 'a'.repeat(64)) }) },
  responses: {
    ...ALWAYS,
    200: {
      description: 'The bytes, with the media type they have',
      content: { '*/*': { schema: z.string().meta({ format: 'binary' }) } },
    },
  },
});

export function approveRoutes(
  deps: Pick<ApiDeps, 'db' | 'sender' | 'assets' | 'settings'>,
  limits: Limits,
) {
  const { db, sender, assets } = deps;
  const reader = createAskedReader(deps);
  const app = new OpenAPIHono<ApiEnv>();
  app.openAPIRegistry.register('DecisionForm', DecisionForm);

  return app
    .openapi(showRoute, (c) => byLink(c, (link) => show(c, link)))
    .openapi(decideRoute, (c) => byLink(c, (link) => decide(c, link)))
    .openapi(fileRoute, async (c) => {
      const { hash } = c.req.valid('param');
      const link = await proveLink(c);
      if (link === null) throw noFile();
      return inLink(link, async () => {
        const asked = await reader.read(link);
        const files = asked.state === 'open' ? (await reader.draftOf(asked)).assets : [];
        const isShown = files.some((file) => file.hash === hash);
        const row = isShown ? await getAsset(db, { workspaceId: link.workspaceId, hash }) : null;
        if (row === null) throw noFile();
        return fileAnswer(c, assets, row, { 'Cache-Control': 'no-store' });
      });
    });

  /** A token that is of no link is told nothing but that. */
  async function byLink(c: ApiContext, answer: (link: ApprovalLinkRow) => Promise<Response>) {
    const link = await proveLink(c);
    if (link !== null) return inLink(link, () => answer(link));
    const language = languageOf(c);
    return answerPage(c, 404, messagePage(language, PAGE_WORDS[language].outcomes.unknown));
  }

  /** @throws ApiError `rate_limited` */
  async function proveLink(c: ApiContext): Promise<ApprovalLinkRow | null> {
    const address = addressOf(c, deps.settings);
    const token = c.req.param('token') ?? '';
    const link = await proveInTurn(limits, address, () => findApprovalLink(db, token));
    if (link === null) {
      refuseStranger(limits, address, noFile());
      return null;
    }
    await admitCaller(limits, link);
    return link;
  }

  async function show(c: ApiContext, link: ApprovalLinkRow): Promise<Response> {
    const asked = await reader.read(link);
    return answerOver(c, asked) ?? answerPage(c, 200, await formPage(c, asked));
  }

  async function decide(c: ApiContext, link: ApprovalLinkRow): Promise<Response> {
    const language = languageOf(c);
    if (isForeign(c, deps.settings)) {
      return answerPage(c, 403, messagePage(language, PAGE_WORDS[language].outcomes.foreign));
    }
    const asked = await reader.read(link);
    const over = answerOver(c, asked);
    if (over !== null) return over;
    if (asked.isHeld) return answerPage(c, 409, await formPage(c, asked));
    requireType('application/x-www-form-urlencoded', c.req.header('content-type'));
    const form = DecisionForm.safeParse(formFields(c.get('rawBody')));
    if (!form.success) {
      return answerPage(c, 400, await formPage(c, asked, problemsIn(form.error, language)));
    }
    const outcome = await send(asked, form.data);
    switch (outcome.outcome) {
      case 'idempotency_conflict': {
        // The other one of two answers at once was the first.
        const again = await reader.read(link);
        return answerOver(c, again) ?? answerPage(c, 409, await formPage(c, again));
      }
      case 'refused':
        return answerPage(c, 409, decidedPage(language, { ...form.data, ...outcome }));
      case 'pending':
        return answerPage(c, 202, decidedPage(language, { ...form.data, ...outcome }));
      default:
        settledOrThrow(outcome);
        return answerPage(c, 200, decidedPage(language, { ...form.data, outcome: 'applied' }));
    }
  }

  /** The same way as every command, with an actor who is no member. */
  function send({ link, known }: AskedItem, form: DecisionForm) {
    const { id, workspaceId, itemId, role, contentHash } = link;
    const actor = { memberId: externalId(id), roles: [role], platformTags: {}, backupFor: [] };
    const body = { ...form, role, contentHash };
    return sender.send({
      caller: { workspaceId, ...actor },
      itemId,
      type: 'decide_approval',
      body,
      commandId: linkCommandId(id),
      source: 'link',
      bodyHash: createHash('sha256').update(canonicalJson(body), 'utf8').digest('hex'),
      known: { ...known, actor },
    });
  }

  async function formPage(c: ApiContext, asked: AskedItem, wrong: readonly string[] = []) {
    const token = c.req.param('token') ?? '';
    const parts = await reader.partsOf(asked);
    return askedPage({ ...parts, token, language: languageOf(c), problems: wrong });
  }
}

function inLink<T>({ id, workspaceId }: ApprovalLinkRow, work: () => T): T {
  return inWorkspace({ workspaceId, actor: { memberId: externalId(id), credentialId: id } }, work);
}

/** What became of a link that asks nothing any more; null for one that does. */
function answerOver(c: ApiContext, { state, known }: AskedItem): Response | null {
  if (state === 'open') return null;
  const isPending = known.command?.state === 'pending';
  return answerPage(c, isPending ? 202 : 410, overPage(languageOf(c), state, known.command));
}

function answerPage(
  c: ApiContext,
  status: 200 | 202 | 400 | 403 | 404 | 409 | 410,
  html: { toString(): string },
): Response {
  return c.body(html.toString(), status, PAGE_HEADERS);
}

function languageOf(c: ApiContext) {
  return preferredLanguage(c.req.header('accept-language'));
}

/**
 * A browser says where a form was sent from: only our own page counts. What says nothing of it is no
 * browser, so that nobody else's credential can be behind it.
 */
function isForeign(c: ApiContext, { publicUrl }: Pick<ApiDeps['settings'], 'publicUrl'>): boolean {
  const site = c.req.header('sec-fetch-site');
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  const origin = c.req.header('origin');
  // Our page sends no referrer, so a browser that does not say the site hides the origin as well. Whoever
  // wants to send the form from elsewhere has to know the token of its address all the same.
  if (origin === undefined || origin === 'null') return false;
  const own = [c.req.url, ...(publicUrl === null ? [] : [publicUrl])].map(
    (url) => new URL(url).host,
  );
  return !URL.canParse(origin) || !own.includes(new URL(origin).host);
}

function noFile(): ApiError {
  return new ApiError('not_found', { detail: 'there is no such file' });
}
