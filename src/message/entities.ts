import { fromC1 } from './charsets.ts';

/** The named character references of HTML 4 and the few that mail uses beside them: code points from 160 on in order, then pairs. */
const latin1 =
  'nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para ' +
  'middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave ' +
  'Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc ' +
  'Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc ' +
  'iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml';
const others =
  'quot " amp & lt < gt > apos \' OElig Œ oelig œ Scaron Š scaron š Yuml Ÿ fnof ƒ circ ˆ tilde ˜ ensp \u2002 emsp \u2003 ' +
  'thinsp \u2009 zwnj \u200C zwj \u200D lrm \u200E rlm \u200F ndash – mdash — lsquo ‘ rsquo ’ sbquo ‚ ldquo “ rdquo ” ' +
  'bdquo „ dagger † Dagger ‡ bull • hellip … permil ‰ prime ′ Prime ″ lsaquo ‹ rsaquo › oline ‾ frasl ⁄ euro € image ℑ ' +
  'weierp ℘ real ℜ trade ™ alefsym ℵ larr ← uarr ↑ rarr → darr ↓ harr ↔ crarr ↵ lArr ⇐ uArr ⇑ rArr ⇒ dArr ⇓ hArr ⇔ ' +
  'forall ∀ part ∂ exist ∃ empty ∅ nabla ∇ isin ∈ notin ∉ ni ∋ prod ∏ sum ∑ minus − lowast ∗ radic √ prop ∝ infin ∞ ang ∠ ' +
  'and ∧ or ∨ cap ∩ cup ∪ int ∫ there4 ∴ sim ∼ cong ≅ asymp ≈ ne ≠ equiv ≡ le ≤ ge ≥ sub ⊂ sup ⊃ nsub ⊄ sube ⊆ supe ⊇ ' +
  'oplus ⊕ otimes ⊗ perp ⊥ sdot ⋅ lceil ⌈ rceil ⌉ lfloor ⌊ rfloor ⌋ loz ◊ spades ♠ clubs ♣ hearts ♥ diams ♦ ' +
  'Alpha Α Beta Β Gamma Γ Delta Δ Epsilon Ε Zeta Ζ Eta Η Theta Θ Iota Ι Kappa Κ Lambda Λ Mu Μ Nu Ν Xi Ξ Omicron Ο Pi Π ' +
  'Rho Ρ Sigma Σ Tau Τ Upsilon Υ Phi Φ Chi Χ Psi Ψ Omega Ω alpha α beta β gamma γ delta δ epsilon ε zeta ζ eta η theta θ ' +
  'iota ι kappa κ lambda λ mu μ nu ν xi ξ omicron ο pi π rho ρ sigmaf ς sigma σ tau τ upsilon υ phi φ chi χ psi ψ omega ω ' +
  'thetasym ϑ upsih ϒ piv ϖ check ✓ star ☆ phone ☎ laquo « num # excl ! dollar $ percnt % lpar ( rpar ) ast * plus + ' +
  'comma , period . sol / colon : semi ; equals = quest ? commat @ lsqb [ bsol \\ rsqb ] lowbar _ lbrace { verbar | rbrace }';

const named = new Map<string, string>();
latin1.split(' ').forEach((name, i) => {
  named.set(name, String.fromCharCode(160 + i));
});
const pairs = others.split(' ');
for (let i = 0; i + 1 < pairs.length; i += 2) named.set(pairs[i] ?? '', pairs[i + 1] ?? '');

/** A numeric reference; windows-1252 for the C1 controls, U+FFFD for what is no character (HTML §13.2.5.80). */
function fromCode(code: number): string {
  if (!(code > 0 && code <= 0x10ffff) || (code >= 0xd800 && code <= 0xdfff)) return '\uFFFD';
  return code >= 0x80 && code <= 0x9f ? fromC1(String.fromCharCode(code)) : String.fromCodePoint(code);
}

const reference = /&(?:#(\d{1,8})|#[xX]([0-9a-fA-F]{1,8})|([A-Za-z][A-Za-z0-9]{1,9}));?/y;

/** What a character reference stands for, and how long it is. */
export interface Reference {
  readonly text: string;
  readonly length: number;
}

const space: Reference = { text: '\u00A0', length: 6 };
const ampersand: Reference = { text: '&', length: 1 };

/** The character reference at `start`, where an `&` stands; that alone when it begins none that is known. */
export function readReference(text: string, start: number): Reference {
  if (text.startsWith('&nbsp;', start)) return space;
  reference.lastIndex = start;
  const match = reference.exec(text);
  if (match === null) return ampersand;
  const [whole, decimal, hex, name] = match;
  if (decimal !== undefined) return { text: fromCode(Number(decimal)), length: whole.length };
  if (hex !== undefined) return { text: fromCode(Number.parseInt(hex, 16)), length: whole.length };
  const found = named.get(name ?? '');
  return found === undefined ? ampersand : { text: found, length: whole.length };
}
