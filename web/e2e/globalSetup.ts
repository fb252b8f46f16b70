import { baseUrl, fresh, patiently } from './people';

/** Registers the first account of the server, its admin: the browser of the first user would create a room. */
export default async function setup(): Promise<void> {
  const body = JSON.stringify({ username: fresh('admin'), password: 'correct horse battery' });
  const response = await patiently(() => fetch(`${baseUrl}/api/v1/auth/register`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body }));
  if (!response.ok) throw new Error(`registering the first account failed: ${response.status} ${await response.text()}`);
}
