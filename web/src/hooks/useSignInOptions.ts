import { useEffect, useState } from 'react';
import type { ServerInfo } from '../protocol/types';
import { Resource } from '../state/resource';
import { getServerInfo } from '../transport/server';
import { useAccount } from './context';
import { useStore } from './useStore';

/** What the sign-in page needs to know about the server. */
export type SignInOptions = Pick<ServerInfo, 'name' | 'signup' | 'guests'>;

/** For a node that does not say what is possible: it decides in any case. */
const everything: SignInOptions = { name: 'Chillin', signup: 'open', guests: true };

/** Returns what is possible on the server, undefined until it is known. */
export function useSignInOptions(): SignInOptions | undefined {
  const { rest } = useAccount();
  const [info] = useState(() => new Resource(() => getServerInfo(rest)));
  const state = useStore(info.state);

  useEffect(() => {
    void info.load();
  }, [info]);

  switch (state.kind) {
    case 'loading':
      return undefined;
    case 'failed':
      return everything;
    case 'ready':
      return state.value;
  }
}
