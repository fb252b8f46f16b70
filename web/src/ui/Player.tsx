import { useState } from 'react';
import type { Attachment } from '../protocol/types';
import { Icon } from './Icon';
import { FileLabel } from './FileLabel';
import styles from './Player.module.css';

/** Plays a video or audio file in place. A video reserves its space before it is loaded. */
export function Player({ file, onBroken }: { file: Attachment; onBroken: () => void }) {
  const { name, url, size, contentType } = file;
  // Voice recorders may send audio as a video type: a video without a picture is audio.
  const [sound, setSound] = useState(contentType.startsWith('audio/') || /\.(ogg|oga|opus)$/i.test(name));
  const media = { src: url, controls: true, preload: 'metadata', 'aria-label': name, onError: onBroken } as const;
  return (
    <figure className={styles.player}>
      {sound ? (
        // Uploaded files have no captions.
        // oxlint-disable-next-line jsx-a11y/media-has-caption
        <audio {...media} />
      ) : (
        // oxlint-disable-next-line jsx-a11y/media-has-caption
        <video {...media} playsInline onLoadedMetadata={({ currentTarget }) => currentTarget.videoWidth === 0 && setSound(true)} />
      )}
      <figcaption>
        <FileLabel name={name} size={size} />
        <a className="icon-button" href={url} download={name} aria-label={`Save ${name}`} title="Save">
          <Icon name="download" size={16} />
        </a>
      </figcaption>
    </figure>
  );
}
