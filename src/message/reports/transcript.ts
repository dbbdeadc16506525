import { bareAddress } from './notice.ts';
import { readCommand, type SmtpCommand } from './smtp-reply.ts';

/** What an MTA's transcript of its session says, in the order it stands. */
export interface Exchange {
  readonly command: SmtpCommand;
  /** Addresses that the command or the reply names, lower case. */
  readonly addresses: readonly string[];
  readonly remoteMta: string;
  /** What the other side replied, lines joined; empty when the MTA speaks for itself. */
  readonly reply: string;
  /** What the MTA itself made of it; empty for a bare reply. */
  readonly own: string;
}

const begins = /transcript of session|while talking to|^\s*(?:>>>|<<<) |session transcript|^\s*sent (?:<<<|>>>) /i;
const talking = /while talking to\s+(\S+?)[.:]*\s*$/i;
// Sendmail and Courier, Postfix, InterScan (whose arrows point either way), MDaemon (behind the time).
const sent = /^\s*(?:>>>|In:|Sent (?:<<<|>>>)|(?:\S[\w :.-]{0,30}:\s+)?-->)\s*(.*)$/;
const received = /^\s*(?:<<<|Out:|Received (?:<<<|>>>)|(?:\S[\w :.-]{0,30}:\s+)?<--)\s*(.*)$/;
const verdict = /^(?:\d{3}[ -](?:\d\.\d+\.\d+ )?)?<?([^\s<>,;:]+@[^\s<>,;:]+)>?\s*\.\.\.\s*(.*)$/;
const localProgram = /^[\w./-]{2,40}: \S/;
const addressIn = /<([^<>\s@]+@[^<>\s]+)>/g;

const addressesIn = (text: string): readonly string[] =>
  Array.from(text.matchAll(addressIn), (match) => bareAddress(match[1] ?? '').toLowerCase());

/** Lines of a session; those that Postfix folds are joined. */
function unfold(lines: readonly string[]): readonly string[] {
  const result: string[] = [];
  for (const line of lines) {
    const last = result[result.length - 1];
    if (last !== undefined && /^\s*(?:In|Out):/.test(last) && /^\s{4,}\S/.test(line))
      result[result.length - 1] = `${last} ${line.trim()}`.slice(0, 4_000);
    else result.push(line);
  }
  return result;
}

/** Reads one session after the other; `step` takes a line. */
class SessionReader {
  readonly exchanges: Exchange[] = [];
  #command: SmtpCommand = '';
  #named: readonly string[] = [];
  #accepted: string[] = [];
  #remoteMta = '';
  #reply = '';
  #goesOn = false;
  #local = '';

  step(line: string): void {
    const host = talking.exec(line);
    const outgoing = sent.exec(line);
    const incoming = received.exec(line);
    const own = verdict.exec(line);
    if (host !== null) this.#connect(host[1] ?? '');
    else if (outgoing !== null) this.#send(outgoing[1] ?? '');
    else if (incoming !== null) this.#receive(incoming[1] ?? '');
    else if (own !== null) {
      const text = this.#local === '' ? line.trim() : `${this.#local}\n${line.trim()}`;
      this.#push([(own[1] ?? '').toLowerCase()], text);
    } else {
      this.#goesOn = false;
      this.#local = localProgram.test(line) ? line.trim() : '';
    }
  }

  #connect(host: string): void {
    this.flush();
    this.#remoteMta = host;
    this.#command = 'CONN';
    this.#named = [];
    this.#accepted = [];
  }

  #send(text: string): void {
    this.flush();
    this.#command = readCommand(`>>> ${text}`);
    const addresses = addressesIn(text);
    if (this.#command === 'RCPT') this.#accepted.push(...addresses);
    this.#named = this.#command === 'RCPT' ? addresses : this.#command === 'DATA' ? this.#accepted : [];
  }

  #receive(text: string): void {
    // Only `550-` goes on in the next line.
    if (!this.#goesOn) this.flush();
    if (/^[23]\d\d/.test(text)) return;
    this.#reply += this.#reply === '' ? text : ` ${text}`;
    this.#goesOn = /^\d{3}-/.test(text);
  }

  #push(addresses: readonly string[], own: string): void {
    // A reply without words tells nothing about the command.
    const command = /[a-z]{2}/i.test(this.#reply) ? this.#command : '';
    this.exchanges.push({ command, addresses, remoteMta: this.#remoteMta, reply: this.#reply, own });
    this.#reply = '';
    this.#goesOn = false;
    this.#local = '';
  }

  flush(): void {
    if (this.#reply !== '') this.#push([...this.#named, ...addressesIn(this.#reply)], '');
  }
}

/**
 * Reads the session that sendmail (`>>>`, `<<<`) and Postfix (`In:`, `Out:`) write into their notices: each refusal with
 * the command before it. Replies of success are left out. Linear in the number of lines.
 */
export function readTranscript(lines: readonly string[]): readonly Exchange[] {
  if (!lines.some((line) => begins.test(line))) return [];
  const reader = new SessionReader();
  for (const line of unfold(lines)) reader.step(line);
  reader.flush();
  return reader.exchanges;
}
