import type { Message } from '../../protocol/types';

const MAX_LENGTH = 140;

/** The beginning of a message, in one line; of one without words, the name of its first file. */
export function excerptOf({ text, attachments }: Pick<Message, 'text' | 'attachments'>): string {
  const line = (text || (attachments[0]?.name ?? '')).replace(/\s+/g, ' ').trim();
  const letters = Array.from(line);
  return letters.length > MAX_LENGTH ? `${letters.slice(0, MAX_LENGTH).join('')}…` : line;
}
