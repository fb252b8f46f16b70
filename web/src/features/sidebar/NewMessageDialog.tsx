import { useOnline } from '../../hooks/useChatState';
import { usePeopleSearch } from '../../hooks/usePeopleSearch';
import { EmptyState, Skeleton } from '../../ui/EmptyState';
import { Chooser } from './Chooser';
import { usePersonOptions } from './PersonOption';
import styles from './QuickSwitcher.module.css';

/** Finds a person to write to. */
export function NewMessageDialog({ onClose }: { onClose: () => void }) {
  const online = useOnline();
  const { text, setText, people, pending, failed, retry } = usePeopleSearch('everyone');
  const options = usePersonOptions(people);
  const name = text.trim();
  return (
    <Chooser title="New message" label="Find a person" listLabel="People" text={text} onText={setText} options={options} onClose={onClose}>
      {options.length === 0 && (
        <div className={styles.state}>
          {failed ? (
            <EmptyState title={online ? 'The people could not be loaded' : 'You are offline'} action={{ label: 'Try again', run: retry }} />
          ) : pending ? (
            <Skeleton label="Looking for people" rows={3} avatars />
          ) : name === '' ? (
            <EmptyState icon="people" title="Nobody to write to yet">
              Join a room: then you can write to its members.
            </EmptyState>
          ) : (
            <EmptyState icon="search" title="Nobody found">{`No person that you can write to is called “${name}”.`}</EmptyState>
          )}
        </div>
      )}
      <p className="sr-only" role="status">
        {!pending && options.length > 0 && `${options.length} ${options.length === 1 ? 'person' : 'people'} found`}
      </p>
    </Chooser>
  );
}
