/** The part of mailauth's verifier that its own types leave out. */
declare module 'mailauth/lib/dkim/dkim-verifier.js' {
  import type { Writable } from 'node:stream';
  import type { ARCData, DKIMResult } from 'mailauth';

  export interface ParsedField {
    readonly key: string;
    readonly casedKey: string;
    readonly line: Buffer;
  }

  /** A signature on its way through the verifier. */
  export interface SignatureHeader {
    readonly type: 'DKIM' | 'ARC';
    readonly parsed?: Readonly<Record<string, { readonly value: unknown } | undefined>>;
    /** Why it is not looked at. */
    skip?: string;
    /** Why it cannot be valid. */
    invalid?: string;
    fallbackCanonicalization?: string;
    readonly bodyCanon?: string;
    readonly hashAlgo?: string;
    readonly maxBodyLength?: number | '';
  }

  // `class`, because it is extended.
  export class DkimVerifier extends Writable {
    constructor(options: {
      readonly resolver: (name: string, type: string) => Promise<unknown>;
      readonly strict: boolean;
      readonly curTime: Date;
    });
    state: 'header' | 'body';
    headerChunks: Buffer[];
    headers: { readonly parsed: readonly ParsedField[]; readonly original: Buffer } | false;
    readonly headerFrom: string[];
    readonly fromFields: number;
    readonly results: DKIMResult[];
    readonly arc: ARCData;
    messageHeaders(headers: { readonly parsed: readonly ParsedField[]; readonly original: Buffer }): Promise<void>;
    emitHeaders(chunk?: Buffer): Promise<void>;
    prepareSignature(signature: SignatureHeader): void;
  }
}
