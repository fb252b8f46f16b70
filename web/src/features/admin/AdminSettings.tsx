import { useEffect } from 'react';
import { useOnline } from '../../hooks/useChatState';
import { useStore } from '../../hooks/useStore';
import type { Administration } from '../../state/admin/administration';
import { EmptyState, Skeleton } from '../../ui/EmptyState';
import adminStyles from './Admin.module.css';
import { OperatorSettings } from './OperatorSettings';
import { SettingsForm } from './SettingsForm';

/** The limits, or all other settings of the server. They apply on all nodes. */
export function AdminSettings({ administration, kind }: { administration: Administration; kind: 'limits' | 'settings' }) {
  const online = useOnline();
  const state = useStore(administration.settings.state);

  useEffect(() => {
    void administration.settings.refresh();
  }, [administration, online]);

  switch (state.kind) {
    case 'loading':
      return <Skeleton label={`Loading ${kind}`} rows={7} />;
    case 'failed':
      return (
        <EmptyState icon="alert" title={online ? `The ${kind} could not be loaded` : 'You are offline'} action={{ label: 'Try again', run: () => void administration.settings.refresh() }}>
          {online ? state.reason : 'They load when you are connected.'}
        </EmptyState>
      );
    case 'ready': {
      const { settings } = state.value;
      const shown = settings.filter(({ changedBy, limit }) => changedBy === 'admin' && (limit !== undefined) === (kind === 'limits'));
      return (
        <>
          <p className={adminStyles.lead}>
            {kind === 'limits'
              ? 'Limits apply on all nodes a few seconds after they are saved. A limit that is not set here comes from the environment of the server.'
              : 'Settings apply on all nodes a few seconds after they are saved. What is not set here comes from the environment of the server.'}
          </p>
          <SettingsForm key={kind} administration={administration} kind={kind} settings={shown} />
          {kind === 'settings' && <OperatorSettings settings={settings.filter(({ changedBy }) => changedBy !== 'admin')} />}
        </>
      );
    }
  }
}
