import { act, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { renderWithChat, stubBrowser } from '../../test/page';
import { bob } from '../../test/fixtures';
import { BlockedPeople } from './BlockedPeople';

beforeEach(stubBrowser);
afterEach(() => vi.unstubAllGlobals());

test('lists the blocked people, and unblocks them', async () => {
  let blocked = [bob];
  const user = userEvent.setup();
  const { socket } = await renderWithChat(<BlockedPeople />, (method) => {
    if (method === 'DELETE') blocked = [];
    return method === 'DELETE' ? { status: 204, body: null } : { body: { users: blocked } };
  });
  act(() => socket().serve({ type: 'block:updated', data: { userId: bob.id, blocked: true } }));
  await user.click(await screen.findByRole('button', { name: 'Unblock Bob' }));
  await waitFor(() => expect(screen.getByText(/You have blocked nobody/)).toBeTruthy());
});
