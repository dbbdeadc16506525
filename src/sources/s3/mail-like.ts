const head = 1_200;

/** Whether bytes begin like a message: with a header field, behind a byte order mark or a From_ line at most. */
export function looksLikeMail(raw: Buffer): boolean {
  const text = raw.toString('latin1', 0, head).replace(/^\xef\xbb\xbf/, '');
  const start = text.startsWith('From ') ? text.indexOf('\n') + 1 : 0;
  return /^[A-Za-z0-9][-A-Za-z0-9_.]{0,200}[ \t]*:/.test(text.slice(start));
}
