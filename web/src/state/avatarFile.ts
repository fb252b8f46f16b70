/** The types that the server accepts as an avatar. The server checks the content, the client only the type that the browser reports. */
export const avatarTypes = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];
const MAX_BYTES = 5 * 1024 * 1024;

/** Returns why a file cannot be used as an avatar, or undefined if it can. */
export function avatarFileError({ type, size }: { type: string; size: number }): string | undefined {
  if (!avatarTypes.includes(type)) return 'This file type is not supported. Use PNG, JPEG, GIF or WebP.';
  if (size > MAX_BYTES) return 'The picture is too large. The limit is 5 MB.';
  return undefined;
}
