import type { MailmillError } from '../../telemetry/errors.ts';

interface Token {
  readonly text: string;
}

/** One entry of a master file; `continues` when it begins with a blank and so belongs to the name before it. */
export interface ZoneLine {
  readonly line: number;
  readonly tokens: readonly Token[];
  readonly continues: boolean;
}

type Invalid = (line: number, what: string) => MailmillError;

/** The character behind a backslash: `\DDD` in decimal, or itself (RFC 1035 §5.1). Returns it and its length. */
function escaped(text: string, at: number): readonly [string, number] {
  const digits = /^[0-9]{3}/.exec(text.slice(at, at + 3))?.[0];
  if (digits !== undefined && Number(digits) <= 255) return [String.fromCharCode(Number(digits)), 3];
  return [text.charAt(at), 1];
}

/** Splits a master file into entries: comments left out, parentheses joined, quotes and escapes taken away. */
export function zoneLines(text: string, invalid: Invalid): readonly ZoneLine[] {
  const lines: ZoneLine[] = [];
  let tokens: Token[] = [];
  let token: string | null = null;
  let depth = 0;
  let line = 1;
  let begin = 1;
  let continues = false;
  let fresh = true;
  const finish = () => {
    if (token !== null) tokens.push({ text: token });
    token = null;
  };
  const end = () => {
    finish();
    if (tokens.length > 0) lines.push({ line: begin, tokens, continues });
    tokens = [];
  };
  for (let i = 0; i <= text.length; i++) {
    const c = text.charAt(i);
    if (fresh && depth === 0) {
      continues = c === ' ' || c === '\t';
      begin = line;
    }
    fresh = false;
    if (c === '' || c === '\n') {
      if (depth === 0) end();
      else finish();
      line++;
      fresh = true;
    } else if (c === ';') {
      while (i + 1 < text.length && text.charAt(i + 1) !== '\n') i++;
    } else if (c === ' ' || c === '\t' || c === '\r') finish();
    else if (c === '(') {
      finish();
      depth++;
    } else if (c === ')') {
      finish();
      if (--depth < 0) throw invalid(line, 'closes a parenthesis that is not open');
    } else if (c === '"') {
      finish();
      let quoted = '';
      for (i++; text.charAt(i) !== '"'; i++) {
        const d = text.charAt(i);
        if (d === '' || d === '\n') throw invalid(line, 'has a quoted string without its end');
        if (d === '\\') {
          const [value, length] = escaped(text, i + 1);
          quoted += value;
          i += length;
        } else quoted += d;
      }
      tokens.push({ text: quoted });
    } else if (c === '\\') {
      const [value, length] = escaped(text, i + 1);
      token = (token ?? '') + value;
      i += length;
    } else token = (token ?? '') + c;
  }
  if (depth > 0) throw invalid(begin, 'opens a parenthesis that nothing closes');
  return lines;
}
