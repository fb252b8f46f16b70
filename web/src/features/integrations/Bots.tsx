import { useEffect, useState } from 'react';
import { useOnline } from '../../hooks/useChatState';
import { useAction } from '../../hooks/useAction';
import { useBots } from '../../hooks/useIntegrations';
import { useStore } from '../../hooks/useStore';
import { maxDisplayName } from '../../protocol/limits.generated';
import type { BotToken, User } from '../../protocol/types';
import type { Bots as BotsState } from '../../state/bots';
import { Avatar, nameOf } from '../../ui/Avatar';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { EmptyState, Skeleton } from '../../ui/EmptyState';
import { Field } from '../../ui/Field';
import { Form } from '../../ui/Form';
import { SecretField } from '../../ui/SecretField';
import { Icon } from '../../ui/Icon';

/** The bots of this user. */
export function Bots() {
  const online = useOnline();
  const bots = useBots();
  const state = useStore(bots.list.state);
  const [created, setCreated] = useState<BotToken>();

  useEffect(() => {
    void bots.list.load();
  }, [bots, online]);

  return (
    <>
      {created && (
        <SecretField key={created.token} label={`Token of @${created.user.username}`} value={created.token} nextStep="The program signs in with it: Authorization: Bearer …" />
      )}
      {state.kind === 'loading' && <Skeleton label="Loading your bots" rows={2} avatars />}
      {state.kind === 'failed' && (
        <EmptyState title={online ? 'Your bots could not be loaded' : 'You are offline'} action={{ label: 'Try again', run: () => void bots.list.load() }} />
      )}
      {state.kind === 'ready' && state.value.length > 0 && (
        <ul className="rows">
          {state.value.map((bot) => (
            <li key={bot.id}>
              <BotRow
                bot={bot}
                bots={bots}
                onToken={setCreated}
                onDelete={async () => {
                  await bots.delete(bot.id);
                  if (created?.user.id === bot.id) setCreated(undefined);
                }}
              />
            </li>
          ))}
        </ul>
      )}
      <NewBotForm bots={bots} first={state.kind === 'ready' && state.value.length === 0} onCreated={setCreated} />
    </>
  );
}

interface BotRowProps {
  bot: User;
  bots: BotsState;
  onToken: (created: BotToken) => void;
  onDelete: () => Promise<void>;
}

function BotRow({ bot, bots, onToken, onDelete }: BotRowProps) {
  const online = useOnline();
  const [asking, setAsking] = useState<'nothing' | 'token' | 'delete'>('nothing');
  const close = () => setAsking('nothing');
  const name = nameOf(bot);
  return (
    <div className="row">
      <Avatar person={bot} />
      <div className="row-text">
        <p className="row-title">{name}</p>
        <p className="row-facts">@{bot.username}</p>
      </div>
      <button type="button" className="icon-button" aria-label={`New token for ${name}`} title="New token" disabled={!online} onClick={() => setAsking('token')}>
        <Icon name="key" />
      </button>
      <button type="button" className="icon-button" aria-label={`Delete ${name}`} title="Delete this bot" disabled={!online} onClick={() => setAsking('delete')}>
        <Icon name="trash" />
      </button>
      {asking === 'token' && (
        <ConfirmDialog title={`A new token for ${name}?`} confirmLabel="Create a new token" busyLabel="Creating…" run={async () => onToken(await bots.renew(bot.id))} onClose={close}>
          <p className="dialog-text">The current token stops working at once. The bot is signed out until it uses the new one.</p>
        </ConfirmDialog>
      )}
      {asking === 'delete' && (
        <ConfirmDialog title={`Delete ${name}?`} confirmLabel="Delete" busyLabel="Deleting…" danger run={onDelete} onClose={close}>
          <p className="dialog-text">Its token ends and it leaves every room. Its messages stay, without its name. This cannot be undone.</p>
        </ConfirmDialog>
      )}
    </div>
  );
}

interface NewBotFormProps {
  bots: BotsState;
  /** The user has no bot yet. */
  first: boolean;
  onCreated: (created: BotToken) => void;
}

function NewBotForm({ bots, first, onCreated }: NewBotFormProps) {
  const online = useOnline();
  const [action, run] = useAction();

  function submit(data: FormData, form: HTMLFormElement) {
    const text = (name: string) => String(data.get(name) ?? '').trim();
    void run(async () => {
      onCreated(await bots.make(text('username'), text('displayName')));
      form.reset();
    });
  }

  return (
    <section className="dialog-section" aria-labelledby="new-bot-title">
      <h3 id="new-bot-title">{first ? 'Your first bot' : 'Another bot'}</h3>
      <Form action={action} onSubmit={submit}>
        <Field
          label="Username"
          name="username"
          required
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          hint="3 to 20 letters, digits, dots, dashes or underscores."
        />
        <Field label="Display name" name="displayName" maxLength={maxDisplayName} autoComplete="off" hint="Optional." />
        <div className="dialog-actions">
          <button type="submit" className="button primary" disabled={!online || action.kind === 'busy'} title={online ? undefined : 'Not connected right now'}>
            {action.kind === 'busy' ? 'Creating…' : 'Create bot'}
          </button>
        </div>
      </Form>
    </section>
  );
}
