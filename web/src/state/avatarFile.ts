/** What the server takes as an avatar; it looks at the bytes, we at what the browser says. */
export const avatarTypes = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];
const MAX_BYTES = 5 * 1024 * 1024;

/** Why a file cannot be an avatar, told before it is sent. */
export function avatarFileError({ type, size }: { type: string; size: number }): string | undefined {
  if (!avatarTypes.includes(type)) return 'That is no picture we can use. PNG, JPEG, GIF and WebP are.';
  if (size > MAX_BYTES) return 'That picture is too large. It may have 5 MB.';
  return undefined;
}
