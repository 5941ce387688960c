import { LABELS_EN } from './en.ts';
import { LABELS_FR } from './fr.ts';
import type { Labels, Language } from './words.ts';

export const LABELS = { fr: LABELS_FR, en: LABELS_EN } as const satisfies Record<Language, Labels>;
