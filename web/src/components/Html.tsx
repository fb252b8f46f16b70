/**
 * The one place where HTML is set. It takes only what the server has rendered
 * and sanitised (Message.html), never what was typed.
 */
export function Html({ html, large = false }: { html: string; large?: boolean }) {
  // oxlint-disable-next-line react/no-danger
  return <div className={`html${large ? ' large' : ''}`} dangerouslySetInnerHTML={{ __html: html }} />;
}
