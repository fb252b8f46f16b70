import type { Deed } from '../hooks/useDeed';

/** Says why a deed failed, after what did not happen where the place does not tell; nothing while it has not. */
export function DeedFailed({ deed, what = '' }: { deed: Deed; what?: string }) {
  if (deed.kind !== 'failed') return null;
  return (
    <p className="deed-failed" role="alert">
      {`${what} ${deed.reason}`.trimStart()}
    </p>
  );
}
