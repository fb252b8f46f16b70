import { useState } from 'react';
import { Administration } from '../state/admin/administration';
import { useChat } from './context';

/** The administration of the server, for one visit to its pages. */
export function useAdministration(): Administration {
  const chat = useChat();
  const [administration] = useState(() => new Administration(chat.rest));
  return administration;
}
