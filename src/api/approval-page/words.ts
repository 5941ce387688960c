import type { Language } from '../../domain/labels/words.ts';

/** What the page of an approval link says. Names and texts are put in by the page, which escapes them. */
export interface PageWords {
  title: string;
  /** To whom it speaks, and in which role. */
  asked: (name: string, role: string) => string;
  until: string;
  content: string;
  variants: string;
  thread: string;
  link: string;
  /** Where it is sent with tags, or as a short one. */
  sentAs: string;
  shortLink: string;
  files: string;
  openFile: string;
  noPicture: string;
  slots: string;
  noSlot: string;
  changes: string;
  noChanges: string;
  firstVersion: string;
  rewritten: string;
  parts: { title: string; body: string; files: string };
  decide: string;
  approve: string;
  requestChanges: string;
  reason: string;
  noReason: string;
  comment: string;
  once: string;
  waits: string;
  outcomes: {
    approved: string;
    changesRequested: string;
    pending: string;
    refused: string;
    revoked: string;
    void: string;
    expired: string;
    unknown: string;
    foreign: string;
    invalid: string;
  };
  problems: { decision: string; reason: string; comment: string; form: string };
}

const EN: PageWords = {
  title: 'Your approval is asked',
  asked: (name, role) => `${name}, you are asked as: ${role}.`,
  until: 'You can answer until',
  content: 'Content',
  variants: 'Posts',
  thread: 'Thread, text',
  link: 'Link',
  sentAs: 'Sent as',
  shortLink: 'a short link',
  files: 'Files',
  openFile: 'Open the file',
  noPicture: 'no description',
  slots: 'Planned for',
  noSlot: 'No time is planned yet.',
  changes: 'Changes since the last version that was decided on',
  noChanges: 'The texts are the same.',
  firstVersion: 'This is the first version that is decided on.',
  rewritten: 'It differs too much to show the changes: read it in full above.',
  parts: { title: 'Title', body: 'Text', files: 'Files' },
  decide: 'Your decision',
  approve: 'Approve',
  requestChanges: 'Request changes',
  reason: 'Reason, if you request changes',
  noReason: 'Choose a reason',
  comment: 'Comment',
  once: 'You can answer once. Your decision is recorded under your name.',
  waits: 'The item is on hold: you can answer once it goes on.',
  outcomes: {
    approved: 'You approved this content.',
    changesRequested: 'You requested changes to this content.',
    pending: 'Your decision is stored. It is being applied: look again in a while.',
    refused: 'Your decision was not accepted:',
    revoked: 'This link was revoked: nothing is asked of you any more.',
    void: 'This link is void: the content was changed, or its approval is no longer asked.',
    expired: 'This link has expired. Ask for a new one.',
    unknown: 'There is no such link.',
    foreign: 'The answer did not come from this page. Open the link and answer there.',
    invalid: 'The answer is not complete:',
  },
  problems: {
    decision: 'Choose one of the two buttons.',
    reason: 'A request for changes needs a reason from the list.',
    comment: 'A comment has at most 10,000 characters.',
    form: 'The form has fields that this page does not ask for, or has one twice.',
  },
};

const FR: PageWords = {
  title: 'Votre approbation est demandée',
  asked: (name, role) => `${name}, votre avis est demandé en tant que : ${role}.`,
  until: 'Vous pouvez répondre jusqu’au',
  content: 'Contenu',
  variants: 'Publications',
  thread: 'Fil, texte',
  link: 'Lien',
  sentAs: 'Envoyé sous la forme',
  shortLink: 'd’un lien court',
  files: 'Fichiers',
  openFile: 'Ouvrir le fichier',
  noPicture: 'sans description',
  slots: 'Prévu pour',
  noSlot: 'Aucune date n’est encore prévue.',
  changes: 'Modifications depuis la dernière version examinée',
  noChanges: 'Les textes sont identiques.',
  firstVersion: 'C’est la première version soumise à une décision.',
  rewritten: 'Les différences sont trop nombreuses pour être montrées : lisez le texte ci-dessus.',
  parts: { title: 'Titre', body: 'Texte', files: 'Fichiers' },
  decide: 'Votre décision',
  approve: 'Approuver',
  requestChanges: 'Demander des modifications',
  reason: 'Motif, si vous demandez des modifications',
  noReason: 'Choisissez un motif',
  comment: 'Commentaire',
  once: 'Vous ne pouvez répondre qu’une fois. Votre décision est enregistrée sous votre nom.',
  waits: 'Le contenu est en pause : vous pourrez répondre quand il reprendra.',
  outcomes: {
    approved: 'Vous avez approuvé ce contenu.',
    changesRequested: 'Vous avez demandé des modifications de ce contenu.',
    pending: 'Votre décision est enregistrée. Elle est en cours de traitement : revenez plus tard.',
    refused: 'Votre décision n’a pas été acceptée :',
    revoked: 'Ce lien a été révoqué : rien ne vous est plus demandé.',
    void: 'Ce lien n’est plus valable : le contenu a changé, ou son approbation n’est plus demandée.',
    expired: 'Ce lien a expiré. Demandez-en un nouveau.',
    unknown: 'Ce lien n’existe pas.',
    foreign: 'La réponse ne vient pas de cette page. Ouvrez le lien et répondez-y.',
    invalid: 'La réponse est incomplète :',
  },
  problems: {
    decision: 'Choisissez l’un des deux boutons.',
    reason: 'Une demande de modifications nécessite un motif de la liste.',
    comment: 'Un commentaire compte 10 000 caractères au plus.',
    form: 'Le formulaire contient des champs que cette page ne demande pas, ou un champ en double.',
  },
};

export const PAGE_WORDS = { en: EN, fr: FR } as const satisfies Record<Language, PageWords>;
