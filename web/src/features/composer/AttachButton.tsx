import { useRef } from 'react';
import { formatSize } from '../../state/outbox/files';
import { Icon } from '../../ui/Icon';

/** Opens the file dialog of the browser. */
export function AttachButton({ maxSize, onFiles }: { maxSize: number; onFiles: (files: readonly File[]) => void }) {
  const picker = useRef<HTMLInputElement>(null);
  return (
    <>
      <button
        type="button"
        className="icon-button"
        aria-label="Attach files"
        title={`Attach files, up to ${formatSize(maxSize)} each`}
        onClick={() => picker.current?.click()}
      >
        <Icon name="clip" />
      </button>
      <input
        ref={picker}
        type="file"
        multiple
        hidden
        aria-label="Files to attach"
        onChange={(event) => {
          onFiles([...(event.target.files ?? [])]);
          event.target.value = '';
        }}
      />
    </>
  );
}
