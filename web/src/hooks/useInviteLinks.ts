import type { Chat } from '../state/chat';
import { InviteLinks } from '../state/inviteLinks';
import { useChat } from './context';

const linksOf = new WeakMap<Chat, InviteLinks>();

/** The invite links that this browser created. All components share them. */
export function useInviteLinks(): InviteLinks {
  const chat = useChat();
  const links = linksOf.get(chat) ?? new InviteLinks(chat.storage);
  linksOf.set(chat, links);
  return links;
}
