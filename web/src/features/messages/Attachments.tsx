import { useState } from 'react';
import type { Attachment } from '../../protocol/types';
import { fitWithin, isImage, isPlayable } from '../../state/outbox/files';
import { Icon } from '../../ui/Icon';
import { Player } from '../../ui/Player';
import { Lightbox } from './Lightbox';
import { FileLabel } from '../../ui/FileLabel';
import styles from '../files/Files.module.css';

/** The size limits of a single picture, and of several in a line. */
const SINGLE = [380, 300] as const;
const SEVERAL = [200, 170] as const;

/** The attachments of a message: pictures, audio and video, and other files by name. */
export function Attachments({ attachments }: { attachments: readonly Attachment[] }) {
  const [viewed, setViewed] = useState<number>();
  // An image that fails to load, or media that cannot be played, is listed as a file.
  const [broken, setBroken] = useState<readonly number[]>([]);
  const markBroken = (id: number) => setBroken((ids) => [...ids, id]);
  const whole = attachments.filter(({ id }) => !broken.includes(id));
  const pictures = whole.filter((one) => isImage({ ...one, type: one.contentType }));
  const playable = whole.filter(({ contentType }) => isPlayable(contentType));
  const files = attachments.filter((one) => !pictures.includes(one) && !playable.includes(one));
  if (attachments.length === 0) return null;
  return (
    <div className={styles.attachments}>
      {pictures.length > 0 && (
        <ul className={styles.pictures} aria-label={pictures.length === 1 ? 'Picture' : 'Pictures'}>
          {pictures.map((picture) => (
            <li key={picture.id}>
              <Thumbnail
                picture={picture}
                single={pictures.length === 1}
                onOpen={() => setViewed(picture.id)}
                onBroken={() => markBroken(picture.id)}
              />
            </li>
          ))}
        </ul>
      )}
      {playable.map((file) => (
        <Player key={file.id} file={file} onBroken={() => markBroken(file.id)} />
      ))}
      {files.length > 0 && (
        <ul className={styles.files} aria-label="Files">
          {files.map((file) => (
            <li key={file.id}>
              <a className={styles.file} href={file.url} download={file.name}>
                <Icon name="file" />
                <FileLabel name={file.name} size={file.size} />
              </a>
            </li>
          ))}
        </ul>
      )}
      {viewed !== undefined && <Lightbox pictures={pictures} first={viewed} onClose={() => setViewed(undefined)} />}
    </div>
  );
}

interface ThumbnailProps {
  picture: Attachment;
  single: boolean;
  onOpen: () => void;
  onBroken: () => void;
}

/** Reserves its space, so that nothing moves when the picture is loaded. */
function Thumbnail({ picture, single, onOpen, onBroken }: ThumbnailProps) {
  const { name, url, thumbnailUrl, width = 0, height = 0 } = picture;
  const [maxWidth, maxHeight] = single ? SINGLE : SEVERAL;
  return (
    <button type="button" className={styles.pictureButton} aria-haspopup="dialog" aria-label={`Open ${name}`} title={name} onClick={onOpen}>
      <img src={thumbnailUrl ?? url} alt="" loading="lazy" decoding="async" {...fitWithin(width, height, maxWidth, maxHeight)} onError={onBroken} />
    </button>
  );
}
