import { DkimVerifier, type ParsedField, type SignatureHeader } from 'mailauth/lib/dkim/dkim-verifier.js';

/** Signatures of one message that are looked at, from the top. */
export const maxSignatures = 10;
/** Ways to hash the body (canonicalisation, algorithm, length) that one message may ask for: each goes over the whole body. */
const maxBodyHashes = 3;
/** Header fields times names in `h=`, in all signatures of one message: what looking for the signed fields costs. */
const maxComparisons = 5_000_000;
const fieldStart = /^[!-9;-~]+[ \t]*:/;
/** A name whose colon stands on the next line, as old mail may have it. */
const nameAlone = /^[!-9;-~]+[ \t]*$/;
const colonFolded = /^[ \t]+:/;

/** Splits a header into its fields, folded lines included; linear, unlike mailauth's own. */
function splitFields(header: Buffer): readonly ParsedField[] {
  const text = header.toString('latin1').replace(/(?<![\r\n])[\r\n]+$/, '');
  if (text === '') return [];
  const fields: ParsedField[] = [];
  let lines: string[] = [];
  const finish = () => {
    if (lines.length === 0) return;
    const line = lines.join('\r\n');
    const casedKey = /^[^:]*/.exec(line)?.[0].replace(/\r?\n/g, '').trim() ?? '';
    fields.push({ key: casedKey.toLowerCase(), casedKey, line: Buffer.from(line, 'latin1') });
  };
  const all = text.split(/\r?\n/);
  for (const [index, line] of all.entries()) {
    const starts = fieldStart.test(line) || (colonFolded.test(all[index + 1] ?? '') && nameAlone.test(line));
    if (lines.length > 0 && !starts) lines.push(line);
    else {
      finish();
      lines = [line];
    }
  }
  finish();
  return fields;
}

/**
 * mailauth's verifier of DKIM-Signature and the newest ARC-Message-Signature, with bounds on what a hostile message can ask for, and
 * two rules of its own for ARC:
 *
 * - An ARC-Message-Signature without `c=` is tried as simple/simple, which RFC 8617 §4.1.2 has by reference, and then as
 *   relaxed/relaxed, which its drafts had and sealers still write.
 * - It need not cover From: RFC 8617 says what `h=` must not name, and nothing that it must.
 */
export class BoundedVerifier extends DkimVerifier {
  #seen = 0;
  #comparisons = 0;
  readonly #bodyHashes = new Set<string>();

  override async emitHeaders(chunk?: Buffer): Promise<void> {
    this.state = 'body';
    if (chunk !== undefined) this.headerChunks.push(chunk);
    const original = Buffer.concat(this.headerChunks);
    this.headers = { parsed: splitFields(original), original };
    await this.messageHeaders(this.headers);
  }

  override prepareSignature(signature: SignatureHeader): void {
    if (signature.type === 'DKIM' && ++this.#seen > maxSignatures) {
      signature.skip = 'too many signatures';
      return;
    }
    const names = String(signature.parsed?.h?.value ?? '').split(':').length;
    this.#comparisons += names * (this.headers === false ? 0 : this.headers.parsed.length);
    if (this.#comparisons > maxComparisons) {
      signature.skip = 'too many signed fields';
      return;
    }
    if (signature.type === 'ARC' && !signature.parsed?.c?.value) signature.fallbackCanonicalization = 'relaxed/relaxed';
    super.prepareSignature(signature);
    this.#bodyHashes.add(`${signature.bodyCanon} ${signature.hashAlgo} ${signature.maxBodyLength}`);
    if (this.#bodyHashes.size > maxBodyHashes) signature.skip = 'too many ways to hash the body';
    if (signature.type === 'ARC' && signature.invalid === 'From field not signed') delete signature.invalid;
  }
}
