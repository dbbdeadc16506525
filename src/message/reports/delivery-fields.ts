import { type FieldGroup, firstValue, readFieldGroups, typedValue } from './field-groups.ts';
import { bareAddress, emptyNotice, maxDiagnostic, maxRecipients, type Notice } from './notice.ts';

/** Fields of the whole message (RFC 3464 §2.2). */
export interface MessageFields {
  /** ENVID of the message (RFC 3461). */
  readonly originalEnvelopeId: string;
  /** Host that reports. */
  readonly reportingMta: string;
  /** Host that it got the message from. */
  readonly receivedFromMta: string;
  /** When it got the message, as the field stands. */
  readonly arrivalDate: string;
}

export interface DeliveryFields {
  readonly message: MessageFields;
  readonly notices: readonly Notice[];
}

/** An address of type `utf-8` (RFC 6533 §3): `\x{…}` stands for a character in its 7-bit forms. */
function decodeUtf8Address(address: string): string {
  return address.replace(/\\x\{([0-9A-Fa-f]{2,6})\}/g, (whole, digits: string) => {
    const code = Number.parseInt(digits, 16);
    return code > 0x10_ffff || (code >= 0xd800 && code <= 0xdfff) ? whole : String.fromCodePoint(code);
  });
}

/** An ORCPT in xtext (RFC 3461 §4): `+XX` stands for a character. Only what is a complete escape is decoded. */
const decodeXtext = (address: string): string =>
  /\+(?:2B|3D)/.test(address)
    ? address.replace(/\+([0-9A-F]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
    : address;

function address(value: string, original: boolean): string {
  const { type, value: text } = typedValue(value);
  const bare = bareAddress(text);
  if (type === 'utf-8') return decodeUtf8Address(bare);
  return original ? decodeXtext(bare) : bare;
}

/** What an MTA says in words behind the code of a Status field, unless it says only what the code's class does. */
const statusComment = /^[\d.]{1,12}\s?\((?![^()]{0,40}(?:permanent|temporary|transient) failure\))([^()]{1,500})\)/;

function toNotice(group: FieldGroup): Notice {
  const original = address(firstValue(group, 'original-recipient'), true);
  const stated = address(firstValue(group, 'final-recipient'), false);
  // A name that only the last MTA knows (X.400, a local user) is not what the sender wrote.
  const final = !stated.includes('@') && original.includes('@') ? original : stated;
  const diagnostic = typedValue(group.get('diagnostic-code')?.join(' ') ?? '');
  return {
    ...emptyNotice,
    recipient: final === '' ? original : final,
    originalRecipient: original,
    action: (/^[A-Za-z]+/.exec(firstValue(group, 'action'))?.[0] ?? '').toLowerCase(),
    status: firstValue(group, 'status'),
    diagnosticType: diagnostic.type,
    diagnostic: diagnostic.value.slice(0, maxDiagnostic),
    remoteMta: typedValue(firstValue(group, 'remote-mta'))
      .value.replace(/(?<!\s)\s*\(.*$/s, '')
      .replace(/\.$/, ''),
    category: firstValue(group, 'x-powermta-bouncecategory').toLowerCase(),
    context: `${firstValue(group, 'x-actual-recipient')}\n${statusComment.exec(firstValue(group, 'status'))?.[1] ?? ''}`,
  };
}

/** Fields that tell what became of a recipient. */
const verdicts: readonly string[] = ['action', 'status', 'diagnostic-code'];

/** Fields of one recipient, the one that names it first. */
const ofRecipient: readonly string[] = ['final-recipient', 'original-recipient', ...verdicts];

const isRecipient = (group: FieldGroup): boolean =>
  group.has('final-recipient') || (group.has('original-recipient') && verdicts.some((name) => group.has(name)));

/** Whether a group tells only what the one before it, which names a recipient, leaves open. */
const goesOn = (before: FieldGroup, group: FieldGroup): boolean =>
  !group.has('final-recipient') &&
  !group.has('original-recipient') &&
  verdicts.some((name) => group.has(name)) &&
  [...group.keys()].every((name) => !before.has(name));

/**
 * Groups with the lines that belong to a recipient put back: some MTAs write a blank line behind each field, and others none between
 * two recipients.
 */
function wholeGroups(text: string): readonly FieldGroup[] {
  const whole: FieldGroup[] = [];
  for (const group of readFieldGroups(text, ofRecipient)) {
    const last = whole.at(-1);
    if (last?.has('final-recipient') === true && goesOn(last, group))
      whole[whole.length - 1] = new Map([...last, ...group]);
    else whole.push(group);
  }
  return whole;
}

/**
 * Reads a message/delivery-status or message/global-delivery-status body (RFC 3464 §2, RFC 6533 §3). Groups that name no
 * recipient count for the message wherever they stand.
 */
export function readDeliveryFields(text: string): DeliveryFields {
  const groups = wholeGroups(text);
  const all = (name: string): string => {
    for (const group of groups) if (group.has(name)) return firstValue(group, name);
    return '';
  };
  return {
    message: {
      originalEnvelopeId: all('original-envelope-id'),
      reportingMta: typedValue(all('reporting-mta')).value,
      receivedFromMta: typedValue(all('received-from-mta')).value,
      arrivalDate: all('arrival-date'),
    },
    notices: groups.filter(isRecipient).slice(0, maxRecipients).map(toNotice),
  };
}

const finalRecipient = /^[ \t]*(?:final|original)-recipient[ \t]*:/im;
const actionOrStatus = /^[ \t]*(?:action|status)[ \t]*:/im;

/** The delivery fields that an MTA wrote into plain text, or null when there are none. */
export function readInlineFields(text: string): DeliveryFields | null {
  const at = text.search(finalRecipient);
  if (at === -1 || !actionOrStatus.test(text)) return null;
  // The group may begin before the recipient; what stands before the group does not matter.
  const start = text.lastIndexOf('\n\n', at);
  const head = text.lastIndexOf('\n\n', Math.max(0, start - 1));
  const fields = readDeliveryFields(text.slice(Math.max(0, head), at + 65_536));
  return fields.notices.length === 0 ? null : fields;
}
