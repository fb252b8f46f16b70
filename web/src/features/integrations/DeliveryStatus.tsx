import type { Delivery } from '../../state/webhooks';
import { shortDate } from '../../ui/shortDate';
import { timeOf, fullDate } from '../../ui/dates';

export function DeliveryStatus({ delivery }: { delivery: Exclude<Delivery, { kind: 'paused' }> }) {
  switch (delivery.kind) {
    case 'up to date':
      return <p className="row-facts">Up to date.</p>;
    case 'behind':
      return <p className="row-facts">{delivery.behind === 1 ? '1 change is' : `${delivery.behind} changes are`} on the way.</p>;
    case 'failing':
      return (
        <p className="row-facts">
          <span className="tag warn">Failing</span> {delivery.reason}. Tried {delivery.tries === 1 ? 'once' : `${delivery.tries} times`}
          {delivery.nextTryAt && (
            <>
              , next at{' '}
              <time dateTime={delivery.nextTryAt} title={fullDate(delivery.nextTryAt)}>
                {timeOf(delivery.nextTryAt)}
              </time>
            </>
          )}
          .
        </p>
      );
    case 'given up':
      return (
        <p className="row-facts">
          <span className="tag danger">Given up</span>{' '}
          <time dateTime={delivery.at} title={fullDate(delivery.at)}>
            {shortDate(delivery.at)}
          </time>
          {delivery.reason && `: ${delivery.reason}`}.
        </p>
      );
  }
}
