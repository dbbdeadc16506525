/**
 * What bounds an expression. Strings are measured in UTF-16 units, as JavaScript counts them.
 *
 * An expression that is the name of a field and nothing else copies that field whole; every other expression sees
 * strings and lists cut at the lengths below. A step that saw a cut value says so in `defects` (`STEP_INPUT_CUT`).
 */
export const limits = {
  /** Nodes of the syntax tree. */
  astNodes: 512,
  /** Parentheses, calls and accesses inside each other. */
  depth: 32,
  /** Comprehensions (`all`, `exists`, `map` …) inside each other. */
  comprehensions: 2,
  /** Characters of one string that an expression sees. */
  viewString: 262_144,
  /** Elements of one list, and names of `headers`, that an expression sees. */
  viewList: 1_000,
  /** Characters of one string that an expression makes on its way or as its result. */
  madeString: 1_048_576,
  /** Elements of one list that an expression makes. */
  madeList: 10_000,
  /** Levels of lists and maps in a result. */
  madeDepth: 16,
  /** Characters of a pattern that is not a literal. */
  dynamicPattern: 256,
  /** Compiled patterns that are not literals and are kept for the next message. */
  dynamicPatterns: 64,
  /** Units of work of all expressions of a pipeline on one document; see `meter.ts`. At worst about a second. */
  work: 8_000_000,
} as const;

/** Defect code that a step adds to a document when it saw less than the whole of a field. */
export const inputCut = 'STEP_INPUT_CUT';
