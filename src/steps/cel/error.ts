import { EvaluationError } from '@marcbachmann/cel-js';

/**
 * Reasons why an evaluation fails, by the code that the library or our own functions give. The texts stand in dead
 * letters and logs: they are constant, since the library's own messages quote the mail.
 */
const reasons: Readonly<Record<string, string>> = {
  absent: 'a field that it needs is absent in this message; guard it with has(FIELD)',
  unknown_variable: 'a field that it needs is absent in this message; guard it with has(FIELD)',
  variable_type_mismatch: 'a field holds another type than the pipeline says',
  field_type_mismatch: 'a field holds another type than the pipeline says',
  list_item_type_mismatch: 'a list holds another type than the pipeline says',
  no_such_key: 'a key that it needs is absent in this message; guard it with has(MAP.KEY) or "KEY" in MAP',
  index_out_of_bounds: 'a list is shorter than the index; guard it with size(LIST)',
  index_out_of_range: 'a position lies outside the text; guard it with size(TEXT)',
  int_conversion_error: 'the text is not a whole number that fits 64 bits; guard it with matches()',
  double_conversion_error: 'the text is not a number; guard it with matches()',
  bool_conversion_error: 'the text is neither true nor false',
  invalid_timestamp: 'the value is not an RFC 3339 timestamp between the years 1 and 9999',
  invalid_duration: 'the text is not a duration such as 1h30m',
  invalid_time_zone: 'the text is not the name of an IANA time zone',
  numeric_overflow: 'a number does not fit 64 bits',
  division_by_zero: 'division by zero',
  modulo_by_zero: 'remainder of a division by zero',
  no_such_overload: 'an operator does not fit the types of its values',
  no_matching_overload: 'a function does not fit the types of its values',
  unsupported_type: 'a value has no field of that name',
  invalid_logical_operand: 'a value that should be true or false is something else',
  invalid_condition_type: 'a value that should be true or false is something else',
  invalid_regular_expression: 'the pattern is not an RE2 regular expression',
  pattern_too_long: 'a pattern made from the message is too long; use a literal',
  string_too_long: 'it makes a text of more than 1 MiB',
  list_too_long: 'it makes a list of more than 10,000 elements',
  result_too_large: 'its result is larger than 1 MiB',
  result_too_deep: 'its result has more than 16 levels',
  result_type: 'its result has a type that documents cannot hold',
  work_exhausted: 'it takes too much work on this message; make the expression simpler',
};

/** An error of an expression on one message, by its code. */
export const evaluationError = (code: string): EvaluationError => new EvaluationError({ code, message: code });

/** `column 7`, or `line 2, column 7` of an expression that has several lines. Counted from 1. */
export function position(expression: string, offset: number): string {
  const before = expression.slice(0, offset).split('\n');
  const column = `column ${(before.at(-1) ?? '').length + 1}`;
  return expression.includes('\n') ? `line ${before.length}, ${column}` : column;
}

/** What an error of an evaluation says to people: its place in the expression and a constant reason. */
export function describe(expression: string, error: unknown): string {
  if (!(error instanceof EvaluationError)) return 'the expression failed in a way that is not foreseen';
  const reason = reasons[error.code] ?? 'the expression does not fit this message';
  // The error of exhausted work is one object, which keeps the place where it was thrown first.
  return error.range === undefined || error.code === 'work_exhausted'
    ? reason
    : `${reason} (${position(expression, error.range.start)} of the expression)`;
}
