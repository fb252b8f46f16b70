const ADDRESS = /(https?:\/\/[^\s<>"]*[^\s<>"'.,:;!?)\]}*_~])/gi;

/** Plain text whose web addresses are links. It is not Markdown: the other signs stay. */
export function LinkedText({ text }: { text: string }) {
  return text.split(ADDRESS).map((part, i) =>
    i % 2 === 0 ? (
      part
    ) : (
      // The address is the name and is shown in full, so that no label disguises it.
      <a key={`${i}`} href={part} target="_blank" rel="noopener noreferrer nofollow" dir="ltr">
        {part}
      </a>
    ),
  );
}
