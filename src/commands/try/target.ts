/** What `mailmill try` is pointed at. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly mode: 'Implicit' | 'StartTLS' | 'None';
  readonly user: string;
  /** Whose newest messages are shown. */
  readonly folder: string;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/**
 * The account that `imaps://user@host[:port]/[folder]` means (`imap://` is STARTTLS, or nothing at all with `plaintext`), or why it
 * means none. User and folder are percent-encoded where they must be; an @ in the user need not be.
 */
export function parseTarget(text: string, plaintext: boolean): Target | { readonly problem: string } {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || (url.protocol !== 'imaps:' && url.protocol !== 'imap:') || url.hostname === '') {
    return { problem: 'expected imaps://user@host/ or imap://user@host/' };
  }
  if (url.password !== '') {
    return {
      problem:
        'a password in the address is seen by everybody on this machine and kept in the shell history: change it, and give it in MAILMILL_PASSWORD or when asked',
    };
  }
  const user = decode(url.username);
  const folder = decode(url.pathname.slice(1));
  if (user === undefined || folder === undefined) return { problem: 'the address has a % that is no percent-encoding' };
  if (user === '') return { problem: 'the user name is missing: imaps://user@host/' };
  if (plaintext && url.protocol === 'imaps:') {
    return { problem: '--plaintext goes with imap://; imaps:// is always encrypted' };
  }
  const mode = url.protocol === 'imaps:' ? 'Implicit' : plaintext ? 'None' : 'StartTLS';
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? (mode === 'Implicit' ? 993 : 143) : Number(url.port),
    mode,
    user,
    folder: folder === '' ? 'INBOX' : folder,
  };
}
