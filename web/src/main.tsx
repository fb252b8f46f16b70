// The shared styles come first: the modules of the components override them.
import './styles/index.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/App';
import { Account } from './state/account';
import { RestClient } from './transport/rest';

const socketUrl = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`;
const account = new Account(new RestClient(), socketUrl);
void account.start();

const root = document.getElementById('root');
if (root === null) throw new Error('#root is missing');
createRoot(root).render(
  <StrictMode>
    <App account={account} />
  </StrictMode>,
);
