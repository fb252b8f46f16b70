import { useChat } from '../../hooks/context';
import { useBlobSource } from '../../hooks/useBlobSource';
import { useSelect } from '../../hooks/useStore';
import { fitWithin, isImage, type OutgoingFile, formatSize } from '../../state/outbox/files';
import { Icon } from '../../ui/Icon';

/** Files of the draft: each can be taken out again. */
export function FileTray({ files, onRemove }: { files: readonly OutgoingFile[]; onRemove: (file: OutgoingFile) => void }) {
  return (
    <ul className="tray" aria-label="Attached files">
      {files.map((file, i) => (
        <li key={keyOf(file, i)} className="tray-item">
          {isImage(file) ? <Preview file={file} most={[72, 56]} /> : <FileChip file={file} />}
          <button type="button" className="icon-button tray-remove" aria-label={`Remove ${file.name}`} title={`Remove ${file.name}`} onClick={() => onRemove(file)}>
            <Icon name="close" size={14} />
          </button>
        </li>
      ))}
    </ul>
  );
}

/** Files on their way, as they will look. */
export function OutgoingFiles({ cid, files }: { cid: string; files: readonly OutgoingFile[] }) {
  const part = useSelect(useChat().outbox.progress, (all) => all.get(cid));
  const pictures = files.filter(isImage);
  const others = files.filter((file) => !isImage(file));
  return (
    <div className="attachments on-their-way">
      {pictures.length > 0 && (
        <ul className="pictures" aria-label={pictures.length === 1 ? 'Picture' : 'Pictures'}>
          {pictures.map((file, i) => (
            <li key={keyOf(file, i)}>
              <Preview file={file} most={pictures.length === 1 ? [380, 300] : [200, 170]} />
            </li>
          ))}
        </ul>
      )}
      {others.length > 0 && (
        <ul className="files" aria-label="Files">
          {others.map((file, i) => (
            <li key={keyOf(file, i)}>
              <FileChip file={file} />
            </li>
          ))}
        </ul>
      )}
      {part !== undefined && <progress className="upload-progress" max={1} value={part} aria-label="Uploading" />}
    </div>
  );
}

function FileChip({ file }: { file: OutgoingFile }) {
  return (
    <span className="file">
      <Icon name="file" />
      <span className="file-name">{file.name}</span> <span className="file-size">{formatSize(file.size)}</span>
    </span>
  );
}

function Preview({ file, most }: { file: OutgoingFile; most: readonly [number, number] }) {
  const source = useBlobSource(file.blob);
  const size = fitWithin(file.width ?? 1, file.height ?? 1, ...most);
  return <img ref={source} className="preview" alt={file.name} {...size} />;
}

function keyOf({ name, size }: OutgoingFile, at: number): string {
  return `${name} ${size} ${at}`;
}
