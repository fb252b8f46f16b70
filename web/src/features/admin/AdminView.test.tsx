import { act, screen } from '@testing-library/react';
import { beforeEach, describe, expect, test } from 'vitest';
import { administration } from '../../test/administration';
import { stubBrowser } from '../../test/page';
import { alice } from '../../test/fixtures';

beforeEach(stubBrowser);

describe('administration', () => {
  test('is shown to admins only, and closes when the user is no longer an admin', async () => {
    const { socket } = await administration('users');
    expect(screen.getByRole('link', { name: 'Administration' }).getAttribute('aria-current')).toBe('page');
    act(() => socket().serve({ type: 'user:updated', data: { user: { ...alice, role: 'user' } } }));
    expect(await screen.findByRole('heading', { name: 'Find rooms' })).toBeTruthy();
    expect(screen.queryByRole('link', { name: 'Administration' })).toBeNull();
  });
});
