import { useState } from 'react';
import type { Attachment } from '../protocol/types';
import { Icon } from './Icon';
import { FileLabel } from './FileLabel';
import styles from './Player.module.css';

/** A film or a sound, played where it stands. Films keep their place before they come. */
export function Player({ file, onBroken }: { file: Attachment; onBroken: () => void }) {
  const { name, url, size, contentType } = file;
  // What records voices calls them films too: one without pictures is a sound.
  const [sound, setSound] = useState(contentType.startsWith('audio/') || /\.(ogg|oga|opus)$/i.test(name));
  const media = { src: url, controls: true, preload: 'metadata', 'aria-label': name, onError: onBroken } as const;
  return (
    <figure className={styles.player}>
      {sound ? (
        // What people send each other has no captions.
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
