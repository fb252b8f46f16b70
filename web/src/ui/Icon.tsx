const paths = {
  plus: 'M12 5v14M5 12h14',
  search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM15.5 15.5 20 20',
  lock: 'M7 11V8a5 5 0 0 1 10 0v3M5.5 11h13v9h-13z',
  hash: 'M9.5 4 8 20M16 4l-1.5 16M4.5 9h16M3.5 15h16',
  enter: 'M10 4h9v16h-9M3 12h11M10.5 8.5 14 12l-3.5 3.5',
  people: 'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2.5 20c0-3.6 2.9-6 6.5-6s6.5 2.4 6.5 6M16 4.6a3.5 3.5 0 0 1 0 5.8M18 14.6c2.1.8 3.5 2.8 3.5 5.4',
  back: 'M15 5l-7 7 7 7',
  close: 'M6 6l12 12M18 6 6 18',
  send: 'M4.5 12h6M4.5 12 3 4.5 21 12 3 19.5 4.5 12Z',
  leave: 'M14 4H5v16h9M10 12h11M17.5 8.5 21 12l-3.5 3.5',
  sun: 'M12 16.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4',
  moon: 'M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5Z',
  auto: 'M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17ZM12 3.5v17',
  clock: 'M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17ZM12 7.5V12l3 2',
  alert: 'M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17ZM12 8v5M12 16h.01',
  down: 'M12 5v14M6 13l6 6 6-6',
  compass: 'M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17ZM15.2 8.8l-1.8 4.6-4.6 1.8 1.8-4.6 4.6-1.8Z',
  smile: 'M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17ZM8.5 14.2c.9 1.3 2.1 2 3.5 2s2.6-.7 3.5-2M9 9.8h.01M15 9.8h.01',
  reply: 'M9 7l-5 5 5 5M4 12h10a6 6 0 0 1 6 6v1',
  pencil: 'M4 20h4L19 9l-4-4L4 16v4ZM13 7l4 4',
  trash: 'M5 7h14M10 7V4.5h4V7M6.5 7l1 13h9l1-13M10.5 11v5M13.5 11v5',
  more: 'M5.2 12a.8.8 0 1 0 1.6 0 .8.8 0 0 0-1.6 0ZM11.2 12a.8.8 0 1 0 1.6 0 .8.8 0 0 0-1.6 0ZM17.2 12a.8.8 0 1 0 1.6 0 .8.8 0 0 0-1.6 0Z',
  copy: 'M9 9h11v11H9zM5.5 15H4V4h11v1.5',
  link: 'M10 14a4 4 0 0 0 6 .4l3.2-3.2a4 4 0 0 0-5.7-5.7l-1.2 1.2M14 10a4 4 0 0 0-6-.4l-3.2 3.2a4 4 0 0 0 5.7 5.7l1.2-1.2',
  clip: 'M19.5 11.5 12 19a4.8 4.8 0 0 1-6.8-6.8l7.8-7.8a3.2 3.2 0 0 1 4.6 4.6l-7.8 7.7a1.6 1.6 0 0 1-2.3-2.3l7-6.9',
  file: 'M6 3.5h8l4.5 4.5v12.5H6zM14 3.5V8h4.5',
  download: 'M12 4v11M7 10.5l5 5 5-5M5 20h14',
  message: 'M4 5h16v11.5H10L5.5 20v-3.5H4z',
  bell: 'M6 16.5V11a6 6 0 0 1 9.5-4.9M18 11v5.5M4 16.5h13M10 19.5h4M4 4l16 16',
  ring: 'M6 16.5V11a6 6 0 0 1 12 0v5.5M4 16.5h16M10 19.5h4',
  fold: 'M10 7l5 5-5 5',
  unfold: 'M7 10l5 5 5-5',
  go: 'M5 12h14M13 6l6 6-6 6',
  chevron: 'M7 10l5 5 5-5',
  up: 'M12 19V5M6 11l6-6 6 6',
  ban: 'M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17ZM6 6l12 12',
  sliders: 'M4 7h8.5M17.5 7H20M4 17h2.5M11.5 17H20M15 9.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM9 19.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z',
  key: 'M8 18.5a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM11 12 20 3.5M16 7.5l3 3',
  signOut: 'M12 3.5v8M7.2 6.2a7.5 7.5 0 1 0 9.6 0',
  eye: 'M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12ZM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z',
  eyeOff: 'M9.2 5.9A9 9 0 0 1 12 5.5c6 0 9.5 6.5 9.5 6.5a16 16 0 0 1-2.6 3.3M6.2 7.5A15 15 0 0 0 2.5 12S6 18.5 12 18.5a9 9 0 0 0 4.6-1.3M10 10a3 3 0 0 0 4.1 4.1M4 4l16 16',
  shield: 'M12 3.5 19 6v5.5c0 4.3-2.9 7.4-7 9-4.1-1.6-7-4.7-7-9V6l7-2.5Z',
} as const;

export type IconName = keyof typeof paths;

/** Converts pixels at the default font size: icons grow with the text. */
const inRem = (px: number) => `${px / 16}rem`;

/** Icons are decorative: the text beside them, or their button, has the name. */
export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg className="icon" width={inRem(size)} height={inRem(size)} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}

export function Logo({ size = 28 }: { size?: number }) {
  return (
    <svg className="logo" width={inRem(size)} height={inRem(size)} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="9" />
      <path d="M8.5 11.5h15M8.5 16h10.5M8.5 20.5h6" />
    </svg>
  );
}
