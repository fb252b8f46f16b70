import { createContext, use } from 'react';
import type { Account } from '../state/account';
import type { Chat } from '../state/chat';

export const AccountContext = createContext<Account | undefined>(undefined);
export const ChatContext = createContext<Chat | undefined>(undefined);

export function useAccount(): Account {
  const account = use(AccountContext);
  if (account === undefined) throw new Error('AccountContext is missing');
  return account;
}

export function useChat(): Chat {
  const chat = use(ChatContext);
  if (chat === undefined) throw new Error('ChatContext is missing');
  return chat;
}
