import { sha256 } from '../../src/message/fields.ts';

/** Parsers that are compared, as in the output. */
export const parsers = ['mailmill', 'mailparser', 'postal-mime'] as const;
export type Parser = (typeof parsers)[number];

/** Hashes and parses one message wholly; returns the length of its text, so that nobody is quick by reading nothing. */
export type ParseOne = (raw: Buffer) => number | Promise<number>;

/** Each is imported alone: a process measures one of them. */
const adapters: Readonly<Record<Parser, () => Promise<ParseOne>>> = {
  async mailmill() {
    const { parseMessage } = await import('../../src/message/parse.ts');
    type Message = Awaited<ReturnType<typeof parseMessage>>;
    // Every field that the other two give, lazy ones too.
    const read = (hash: string, message: Message): number => {
      const { text, html, attachments, headers, defects, subject, from, sender, to, cc, bcc, replyTo } = message;
      const { messageId, inReplyTo, references, date } = message;
      const fields = [attachments, headers, defects, subject, from, sender, to, cc, bcc, replyTo];
      if ([...fields, messageId, inReplyTo, references, date, hash].includes(undefined as never))
        throw new Error('a field of the message is missing');
      return text.length + html.length;
    };
    return (raw) => {
      const hash = sha256(raw);
      const message = parseMessage(raw);
      return message instanceof Promise ? message.then((later) => read(hash, later)) : read(hash, message);
    };
  },
  async mailparser() {
    const { simpleParser } = await import('mailparser');
    return async (raw) => {
      const hash = sha256(raw);
      const { text = '', html } = await simpleParser(raw);
      return hash.length === 64 ? text.length + (html === false ? 0 : html.length) : 0;
    };
  },
  async 'postal-mime'() {
    const { default: PostalMime } = await import('postal-mime');
    return async (raw) => {
      const hash = sha256(raw);
      const { text = '', html = '' } = await PostalMime.parse(raw);
      return hash.length === 64 ? text.length + html.length : 0;
    };
  },
};

export const loadParser = (parser: Parser): Promise<ParseOne> => adapters[parser]();
