import type { BodyText } from '../../src/message/body-text.ts';
import { decodeUndeclared } from '../../src/message/charsets.ts';
import { decodeFlowed } from '../../src/message/format-flowed.ts';
import type { Address, Attachment } from '../../src/message/message.ts';
import { parseMessage } from '../../src/message/parse.ts';
import { type CaseResult, type ConformanceSet, guarded, readCase, readExpected } from './score.ts';
import { readStructure, type Structure } from './structure.ts';

const folder = 'mime';

interface ExpectedAddress {
  readonly name: string | null;
  readonly address: string | null;
  readonly group?: string;
}

interface ExpectedAttachment {
  readonly filename?: string | null;
  readonly contentType?: string;
  readonly size?: number;
  readonly sha256?: string;
  readonly text?: string;
  readonly message?: ExpectedMessage;
}

interface ExpectedMessage {
  /** Fields that are the source's opinion, such as an address without `@`. */
  readonly opinion?: readonly string[];
  readonly from?: readonly ExpectedAddress[];
  readonly to?: readonly ExpectedAddress[];
  readonly cc?: readonly ExpectedAddress[];
  readonly subject?: string | null;
  readonly messageId?: string | null;
  readonly date?: string | null;
  readonly text?: string | null;
  readonly html?: string | null;
  readonly attachments?: readonly ExpectedAttachment[];
  readonly attachmentsAtLeast?: readonly ExpectedAttachment[];
  readonly structure?: Structure;
}

interface Expected {
  readonly recovery: boolean;
  readonly expected: ExpectedMessage;
}

type Difference = CaseResult['failures'][number];

/** Fields of a case where we read otherwise on purpose, with the reason; they are not scored. */
const exceptions: Readonly<Record<string, { readonly fields: readonly string[]; readonly reason: string }>> = {};

/**
 * Messages that break an RFC where we read otherwise on purpose, with the reason. They still count as failed: the recorded value is
 * how one parser copes, and here ours serves who reads the mail better.
 */
export const otherwise: Readonly<Record<string, string>> = {
  'mail-parser-malformed-002.eml':
    'the content of a multipart without parts is text to read, not an attachment (RFC 2046 §5.1.1); postal-mime and mailparser lose it',
  'mail-parser-malformed-003.eml':
    'text/plain without a name or disposition is the body, however deep it stands (RFC 8621 §4.1.4); postal-mime and mailparser agree',
  'mail-parser-malformed-006.eml':
    'text/plain without a name or disposition is the body, however deep it stands (RFC 8621 §4.1.4); postal-mime and mailparser agree',
  'mail-parser-malformed-008.eml':
    'a line that is the outer boundary ends the inner part, also where the inner boundary is its prefix: of two that a line begins with, the longer one was meant; postal-mime and Python agree',
  'mail-parser-malformed-009.eml':
    'an outer boundary ends the inner multipart (RFC 2046 §5.1.2); postal-mime and Python agree',
  'mail-parser-malformed-011.eml':
    'an outer boundary ends the inner multipart (RFC 2046 §5.1.2); postal-mime and Python agree',
  'mail-parser-malformed-012.eml':
    'an outer boundary ends the inner multipart (RFC 2046 §5.1.2); postal-mime and Python agree',
  'mail-parser-malformed-017.eml':
    'a disposition without a value still names its file; postal-mime, mailparser and Python do not find the part at all',
  'mail-parser-malformed-020.eml':
    'a delimiter that is missing is added: text and HTML are told apart instead of one text with both; postal-mime, mailparser and Python lose the text',
  'mail-parser-malformed-021.eml':
    'a delimiter that is missing is added: text and HTML are told apart instead of one text with both; postal-mime, mailparser and Python lose the text',
  'mime4j-basic-plain-with-bad-header-separator.eml':
    'text behind a header separator of blanks is read, not taken for bogus headers; Python agrees, postal-mime and mailparser lose it',
};

/** U+0000 is replaced by a written rule; parsers differ about final newlines. */
const sameText = (text: string) => text.replaceAll('\0', '\uFFFD').replace(/\n+$/, '');
/** Size and hash of these are the source's convention. */
const conventional = new Set(['message/partial', 'message/external-body']);

/** Compares one message, nested ones within it. */
class Comparison {
  readonly failures: Difference[] = [];
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  async message(expected: ExpectedMessage, raw: Buffer): Promise<void> {
    const message = await parseMessage(raw);
    const { structure, contents, texts } = readStructure(raw);
    const opinion = expected.opinion ?? [];
    const recorded = (field: keyof ExpectedMessage) => expected[field] !== undefined && !opinion.includes(field);
    if (recorded('from'))
      this.#addresses('from', expected.from?.slice(0, 1) ?? [], message.from === null ? [] : [message.from]);
    if (recorded('to')) this.#addresses('to', expected.to ?? [], message.to);
    if (recorded('cc')) this.#addresses('cc', expected.cc ?? [], message.cc);
    if (recorded('subject')) this.#same('subject', expected.subject ?? '', message.subject);
    if (recorded('messageId')) this.#same('messageId', expected.messageId ?? '', message.messageId);
    if (recorded('date')) this.#same('date', instant(expected.date ?? null), message.date?.toISOString() ?? null);
    if (recorded('text')) this.#text(expected.text ?? '', texts, message.text);
    if (recorded('html')) this.#same('html', sameText(expected.html ?? ''), sameText(message.html));
    if (recorded('structure')) this.#same('structure', expected.structure, structure);
    // What is taken out of a part is no leaf of the tree.
    const attachments = message.attachments.filter((one) => one.within === undefined);
    if (recorded('attachments')) this.#same('attachments', expected.attachments?.length, attachments.length);
    for (const [i, one] of (expected.attachments ?? []).entries())
      await this.#attachment(`attachments[${i}]`, one, attachments[i], contents);
    for (const [i, one] of (expected.attachmentsAtLeast ?? []).entries())
      await this.#attachment(`attachmentsAtLeast[${i}]`, one, findLike(one, attachments), contents);
  }

  #same(field: string, expected: unknown, got: unknown): void {
    if (JSON.stringify(expected) !== JSON.stringify(got))
      this.failures.push({ field: `${this.#prefix}${field}`, expected, got });
  }

  /**
   * The data records the first text/plain body as it was sent; our `text` joins all texts of the body, and lines that flow. So the
   * first of them is compared, and its lines are joined in what is recorded too.
   */
  #text(expected: string, texts: readonly BodyText[], whole: string): void {
    const first = texts.find(({ type }) => type === 'text/plain');
    const wanted = first?.flowed === true ? decodeFlowed(expected, false) : expected;
    this.#same('text', sameText(wanted), sameText(first?.text ?? whole));
  }

  #addresses(field: string, expected: readonly ExpectedAddress[], got: readonly Address[]): void {
    const wanted = expected.map((one) => ({ name: one.name ?? '', address: one.address ?? '', group: one.group }));
    this.#same(
      field,
      wanted,
      got.map(({ name, address, group }) => ({ name, address, group })),
    );
  }

  async #attachment(
    field: string,
    expected: ExpectedAttachment,
    got: Attachment | undefined,
    contents: ReadonlyMap<string, Buffer>,
  ): Promise<void> {
    // A nested message is named by its subject here.
    if (expected.filename !== undefined && expected.contentType !== 'message/rfc822')
      this.#same(`${field}.filename`, expected.filename ?? '', got?.filename);
    if (expected.contentType !== undefined) this.#same(`${field}.contentType`, expected.contentType, got?.contentType);
    if (conventional.has(expected.contentType ?? '')) return;
    if (expected.size !== undefined) this.#same(`${field}.size`, expected.size, got?.size);
    if (expected.sha256 !== undefined) this.#same(`${field}.sha256`, expected.sha256, got?.sha256);
    const content = contents.get(got?.sha256 ?? '');
    if (expected.text !== undefined)
      this.#same(`${field}.text`, sameText(expected.text), content && sameText(asText(content)));
    if (expected.message === undefined) return;
    const nested = new Comparison(`${this.#prefix}${field}.message.`);
    await nested.message(expected.message, content ?? Buffer.alloc(0));
    this.failures.push(...nested.failures);
  }
}

const instant = (date: string | null): string | null => (date === null ? null : new Date(date).toISOString());
const asText = (content: Buffer): string => decodeUndeclared(content).replaceAll('\r\n', '\n');

const findLike = (expected: ExpectedAttachment, all: readonly Attachment[]): Attachment | undefined =>
  all.find((one) => one.sha256 === expected.sha256) ?? all.find((one) => one.filename === expected.filename);

async function compare(file: string, { expected }: Expected, raw: Buffer): Promise<CaseResult> {
  const comparison = new Comparison('');
  await comparison.message(expected, raw);
  const excepted = exceptions[file];
  return { file, failures: comparison.failures.filter(({ field }) => excepted?.fields.includes(field) !== true) };
}

const run = (data: string, recovery: boolean): Promise<readonly CaseResult[]> =>
  Promise.all(
    readExpected<Expected>(data, folder)
      .filter(([, one]) => one.recovery === recovery)
      .map(([file, one]) => guarded(file, () => compare(file, one, readCase(data, folder, file)))),
  );

/** Messages that keep to the RFCs: every recorded field. */
export const mime: ConformanceSet = { name: 'mime', target: 0.98, run: (data) => run(data, false) };

/** Messages that break an RFC: reported, because another graceful answer may be as good; none may fail to be read. */
export const mimeRecovery: ConformanceSet = {
  name: 'mime-recovery',
  target: null,
  run: (data) => run(data, true),
};
