/**
 * The one place where HTML is set. It takes only what the server has rendered
 * and sanitised (Message.html), never what was typed.
 */
export function Html({ html }: { html: string }) {
  // oxlint-disable-next-line react/no-danger
  return <div className="html" dangerouslySetInnerHTML={{ __html: html }} />;
}
