import { useChat } from '../../hooks/context';
import { useBlobSource } from '../../hooks/useBlobSource';
import { useSelect } from '../../hooks/useStore';
import { fitWithin, isImage, type OutgoingFile } from '../../state/outbox/files';
import { Icon } from '../../ui/Icon';
import { FileLabel } from '../../ui/FileLabel';
import { classNames } from '../../ui/classNames';
import styles from './Files.module.css';

interface FileTrayProps {
  files: readonly OutgoingFile[];
  /** The tray continues the box above it: its upper corners are square. */
  flatTop: boolean;
  onRemove: (file: OutgoingFile) => void;
}

/** The files of the draft, each with a button that removes it. */
export function FileTray({ files, flatTop, onRemove }: FileTrayProps) {
  return (
    <ul className={classNames(styles.tray, flatTop && styles.flatTop)} aria-label="Attached files">
      {files.map((file, i) => (
        <li key={keyOf(file, i)} className={styles.trayItem}>
          {isImage(file) ? <Preview file={file} maxSize={[72, 56]} /> : <FileChip file={file} />}
          <button type="button" className={`icon-button ${styles.trayRemove}`} aria-label={`Remove ${file.name}`} title={`Remove ${file.name}`} onClick={() => onRemove(file)}>
            <Icon name="close" size={14} />
          </button>
        </li>
      ))}
    </ul>
  );
}

/** The files of a message that is being sent, as they will look. */
export function OutgoingFiles({ cid, files }: { cid: string; files: readonly OutgoingFile[] }) {
  const progress = useSelect(useChat().outbox.progress, (all) => all.get(cid));
  const pictures = files.filter(isImage);
  const others = files.filter((file) => !isImage(file));
  return (
    <div className={`${styles.attachments} ${styles.uploading}`}>
      {pictures.length > 0 && (
        <ul className={styles.pictures} aria-label={pictures.length === 1 ? 'Picture' : 'Pictures'}>
          {pictures.map((file, i) => (
            <li key={keyOf(file, i)}>
              <Preview file={file} maxSize={pictures.length === 1 ? [380, 300] : [200, 170]} />
            </li>
          ))}
        </ul>
      )}
      {others.length > 0 && (
        <ul className={styles.files} aria-label="Files">
          {others.map((file, i) => (
            <li key={keyOf(file, i)}>
              <FileChip file={file} />
            </li>
          ))}
        </ul>
      )}
      {progress !== undefined && <progress className={styles.progress} max={1} value={progress} aria-label="Uploading" />}
    </div>
  );
}

function FileChip({ file }: { file: OutgoingFile }) {
  return (
    <span className={styles.file}>
      <Icon name="file" />
      <FileLabel name={file.name} size={file.size} />
    </span>
  );
}

function Preview({ file, maxSize }: { file: OutgoingFile; maxSize: readonly [number, number] }) {
  const source = useBlobSource(file.blob);
  const size = fitWithin(file.width ?? 1, file.height ?? 1, ...maxSize);
  return <img ref={source} className={styles.preview} alt={file.name} {...size} />;
}

function keyOf({ name, size }: OutgoingFile, at: number): string {
  return `${name} ${size} ${at}`;
}
