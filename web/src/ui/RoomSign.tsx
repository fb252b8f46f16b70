import { classNames } from './classNames';
import { Icon, type IconName } from './Icon';
import styles from './RoomSign.module.css';

/** The icon of a room in a list, on a square of the size of an avatar. */
export function RoomSign({ icon, small = false }: { icon: IconName; small?: boolean }) {
  return (
    <span className={classNames(styles.sign, small && styles.small)} aria-hidden="true">
      <Icon name={icon} size={small ? 16 : 18} />
    </span>
  );
}
