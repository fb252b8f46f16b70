import type { Message } from '../../protocol/types';

const MAX_LENGTH = 140;

/** Returns the beginning of a message in one line, or the name of its first file if it has no text. */
export function excerptOf({ text, attachments }: Pick<Message, 'text' | 'attachments'>): string {
  const line = (text || (attachments[0]?.name ?? '')).replace(/\s+/g, ' ').trim();
  const letters = Array.from(line);
  return letters.length > MAX_LENGTH ? `${letters.slice(0, MAX_LENGTH).join('')}…` : line;
}
