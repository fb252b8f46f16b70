import { type KeyboardEvent, type ReactNode, useLayoutEffect, useRef } from 'react';
import { useLayer } from '../hooks/layers';
import { Icon, type IconName } from './Icon';
import { classNames } from './classNames';
import { type Align, usePlacement } from './usePlacement';
import styles from './Popup.module.css';

interface PopupProps {
  /** The element that opened the popup. The popup is placed beside it and returns the focus to it. */
  anchor: HTMLElement;
  label: string;
  /** The number of columns. With more than one, the up and down keys move between lines. */
  columns?: number;
  /** A dialog may contain links and text fields. The Tab key stays in it. */
  role?: 'menu' | 'dialog';
  align?: Align;
  onClose: () => void;
  children: ReactNode;
}

/** A menu in the top layer: a list or a grid, on a phone a sheet at the bottom. */
export function Popup({ anchor, label, columns = 1, role = 'menu', align = 'end', onClose, children }: PopupProps) {
  const layer = useRef<HTMLDivElement>(null);
  const panel = useRef<HTMLDivElement>(null);

  // A layout effect: effects that move the focus run after it.
  useLayoutEffect(() => {
    const box = panel.current;
    if (layer.current === null || box === null) return undefined;
    // In the top layer of the browser no list clips it.
    if ('showPopover' in layer.current) layer.current.showPopover();
    (buttonsIn(box)[0] ?? box).focus();
    return () => {
      if (box.contains(document.activeElement)) anchor.focus();
    };
  }, [anchor]);

  useLayer(onClose);
  usePlacement(panel, anchor, align, onClose);

  function handleKeyDown(event: KeyboardEvent) {
    if (event.key === 'Escape' || (event.key === 'Tab' && role === 'menu')) {
      event.preventDefault();
      event.stopPropagation();
      onClose();
      return;
    }
    if (event.key === 'Tab' && panel.current !== null) keepFocus(event, panel.current);
    // In a text field these keys move the caret.
    if (event.target instanceof HTMLInputElement && !/^Arrow(Up|Down)$/.test(event.key)) return;
    if (panel.current !== null) moveFocus(event, panel.current, columns);
  }

  return (
    <div
      ref={layer}
      className={styles.layer}
      popover="manual"
      onPointerDown={(event) => {
        if (event.target !== layer.current) return;
        event.preventDefault();
        onClose();
      }}
    >
      {/* oxlint-disable-next-line jsx-a11y/no-static-element-interactions -- it has a role */}
      <div ref={panel} className={classNames(styles.popup, role === 'dialog' ? styles.panel : columns > 1 ? styles.board : styles.list)} role={role} aria-modal={role === 'dialog' || undefined} aria-label={label} tabIndex={columns > 1 ? 0 : -1} onKeyDown={handleKeyDown}>
        {children}
      </div>
    </div>
  );
}

interface MenuItemProps {
  icon: IconName;
  danger?: boolean;
  /** Why the item cannot be chosen now. */
  disabledReason?: string | undefined;
  onChoose: () => void;
  children: ReactNode;
}

export function MenuItem({ icon, danger = false, disabledReason, onChoose, children }: MenuItemProps) {
  return (
    <button
      type="button"
      role="menuitem"
      className={classNames(styles.item, danger && styles.danger)}
      tabIndex={-1}
      aria-disabled={disabledReason ? true : undefined}
      onClick={disabledReason ? undefined : onChoose}
    >
      <Icon name={icon} />
      <span>
        {children}
        {disabledReason && <span className={styles.reason}>{disabledReason}</span>}
      </span>
    </button>
  );
}

/** Moves the focus between the buttons of a box with the arrow keys, Home and End. */
export function moveFocus(event: KeyboardEvent, box: HTMLElement, columns = 1): void {
  const buttons = buttonsIn(box);
  const at = buttons.findIndex((button) => button === document.activeElement);
  const steps: Record<string, number> = { ArrowDown: columns, ArrowUp: -columns, ArrowRight: 1, ArrowLeft: -1 };
  const step = steps[event.key];
  const edge = event.key === 'Home' ? 0 : event.key === 'End' ? buttons.length - 1 : undefined;
  if (step === undefined && edge === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  buttons[edge ?? (at + (step ?? 0) + buttons.length) % buttons.length]?.focus();
}

/** Moves the focus from the last element of a box to the first one, or back. */
function keepFocus(event: KeyboardEvent, box: HTMLElement): void {
  const reachable = [...box.querySelectorAll<HTMLElement>('button, a, input, select')].filter(({ tabIndex }) => tabIndex >= 0);
  const [from, to] = event.shiftKey ? [reachable[0], reachable.at(-1)] : [reachable.at(-1), reachable[0]];
  if (document.activeElement !== from && document.activeElement !== box) return;
  event.preventDefault();
  to?.focus();
}

function buttonsIn(box: HTMLElement): HTMLButtonElement[] {
  return [...box.querySelectorAll('button')];
}
