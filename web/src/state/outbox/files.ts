import { pictureTypes, playableTypes } from '../../protocol/mediaTypes.generated';

/** A file of an unsent message. */
export interface OutgoingFile {
  name: string;
  type: string;
  size: number;
  blob: Blob;
  /** The size of an image, in pixels. */
  width?: number;
  height?: number;
  /** The attachment ID, once the file is uploaded. */
  attachment?: number | undefined;
}

export interface FileLimits {
  maxUploadSize: number;
  maxAttachments: number;
}

/** Selects the files that can be attached to a message with `present` files, and returns errors for the others. */
export function selectFiles<F extends { name: string; size: number }>(files: readonly F[], present: number, limits: FileLimits): { accepted: F[]; errors: string[] } {
  const accepted: F[] = [];
  const errors: string[] = [];
  for (const file of files) {
    if (present + accepted.length >= limits.maxAttachments) {
      errors.push(`A message can have at most ${limits.maxAttachments} files.`);
      break;
    }
    if (file.size > limits.maxUploadSize) errors.push(`${file.name} is too large. The limit is ${formatSize(limits.maxUploadSize)}.`);
    else if (file.size === 0) errors.push(`${file.name} is empty.`);
    else accepted.push(file);
  }
  return { accepted, errors };
}

const units = ['bytes', 'KB', 'MB', 'GB'];

/** Formats a number of bytes, such as "3.4 MB". */
export function formatSize(bytes: number): string {
  if (bytes === 1) return '1 byte';
  const power = bytes < 1024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const amount = bytes / 1024 ** power;
  return `${power > 0 && amount < 10 ? Math.round(amount * 10) / 10 : Math.round(amount)} ${units[power]}`;
}

/** Reports whether a file is displayed as an image. */
export function isImage({ type, width, height }: { type: string; width?: number | undefined; height?: number | undefined }): boolean {
  return pictureTypes.includes(type) && Boolean(width && height);
}

/** Reports whether a file can be played: the server serves other types as downloads. */
export function isPlayable(type: string): boolean {
  return playableTypes.includes(type);
}

/** Returns the largest size within the bounds with the same aspect ratio. Small images are not enlarged. */
export function fitWithin(width: number, height: number, mostWidth: number, mostHeight: number): { width: number; height: number } {
  const scale = Math.min(1, mostWidth / width, mostHeight / height);
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** Converts a chosen, pasted or dropped file. The browser measures images. */
export async function toOutgoingFile(file: File): Promise<OutgoingFile> {
  const { name, type, size } = file;
  return { name: name || 'file', type, size, blob: file, ...(await imageSize(file)) };
}

async function imageSize(file: File): Promise<{ width?: number; height?: number }> {
  if (!pictureTypes.includes(file.type)) return {};
  try {
    const picture = await createImageBitmap(file);
    const { width, height } = picture;
    picture.close();
    return { width, height };
  } catch {
    return {}; // sent as a plain file
  }
}
