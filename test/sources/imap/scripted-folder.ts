export interface ScriptedMessage {
  readonly uid: number;
  /** MODSEQ. */
  readonly changedAt: number;
  readonly raw: Buffer;
  readonly receivedAt: Date;
  flags: readonly string[];
  readonly objectId: string;
}

interface Expunged {
  readonly uid: number;
  readonly at: number;
}

export interface ScriptedFolder {
  epoch: number;
  uidNext: number;
  /** HIGHESTMODSEQ. */
  modseq: number;
  messages: ScriptedMessage[];
  gone: readonly Expunged[];
}
