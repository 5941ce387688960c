import type { CommandOutcome } from '../../commands/command-outcome.ts';
import type { Language } from '../../domain/labels/words.ts';

/** What whoever clicks in Slack is told. */
export interface SlackAnswer {
  response_type: 'ephemeral';
  replace_original: false;
  text: string;
}

const WORDS = {
  en: {
    applied: 'Done. Your decision is recorded.',
    pending: 'Your decision is stored and is being applied. You will be told here.',
    refused: 'This was not accepted:',
    conflict: 'This click was given before, for something else.',
    unknown: 'Your Slack user is linked to no member here. Ask an admin to link it.',
  },
  fr: {
    applied: 'C’est fait. Votre décision est enregistrée.',
    pending:
      'Votre décision est enregistrée et en cours de traitement. La suite vous sera dite ici.',
    refused: 'Cette réponse n’a pas été acceptée :',
    conflict: 'Ce clic a déjà été reçu, pour autre chose.',
    unknown: 'Votre compte Slack n’est lié à aucun membre ici. Demandez à un admin de le lier.',
  },
} as const satisfies Record<Language, Record<string, string>>;

export function unknownUserAnswer(): SlackAnswer {
  return ephemeral(WORDS.en.unknown);
}

export function slackAnswer(outcome: CommandOutcome, language: Language): SlackAnswer {
  const words = WORDS[language];
  switch (outcome.outcome) {
    case 'applied':
      return ephemeral(words.applied);
    case 'pending':
      return ephemeral(words.pending);
    case 'refused':
      return ephemeral([words.refused, ...outcome.unmet.map(({ message }) => message)].join('\n'));
    case 'invalid':
      return ephemeral([words.refused, ...outcome.issues.map(({ message }) => message)].join('\n'));
    case 'not_found':
      return ephemeral(`${words.refused} ${outcome.what}`);
    case 'idempotency_conflict':
    case 'version_conflict':
      return ephemeral(words.conflict);
  }
}

/** Only whoever clicked sees it, and the buttons stay. Slack reads three characters as more than text. */
function ephemeral(text: string): SlackAnswer {
  const plain = text.slice(0, 2_000).replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return {
    response_type: 'ephemeral',
    replace_original: false,
    text: plain.replaceAll('>', '&gt;'),
  };
}
