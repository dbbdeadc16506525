import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** The part of JSON Schema (2020-12) that types of messages become. */
export interface Schema {
  readonly $ref?: string;
  readonly description?: string;
  readonly type?: string;
  readonly const?: string | boolean;
  readonly enum?: readonly (string | boolean)[];
  readonly format?: 'date-time';
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: false | Schema;
  readonly anyOf?: readonly Schema[];
}

export interface MessageSchema extends Schema {
  readonly $schema: string;
  readonly title: string;
  readonly $defs: Readonly<Record<string, Schema>>;
}

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = path.join(root, 'src/message/');

/** Turns types into schemas; an interface of `src/message` becomes a definition of its own. */
class Converter {
  readonly #checker: ts.TypeChecker;
  readonly #names = new Map<ts.Symbol, string>();
  readonly definitions: Record<string, Schema> = {};

  constructor(checker: ts.TypeChecker) {
    this.#checker = checker;
  }

  #describe(symbol: ts.Symbol | undefined): { readonly description?: string } {
    const text = ts.displayPartsToString(symbol?.getDocumentationComment(this.#checker) ?? []);
    return text === '' ? {} : { description: text.replace(/\s+/g, ' ').trim() };
  }

  object(type: ts.Type): Schema {
    const properties: Record<string, Schema> = {};
    const required: string[] = [];
    for (const symbol of type.getProperties()) {
      const optional = (symbol.flags & ts.SymbolFlags.Optional) !== 0;
      const value = this.#checker.getTypeOfSymbol(symbol);
      const schema = this.schema(optional ? this.#checker.getNonNullableType(value) : value);
      properties[symbol.name] = { ...this.#describe(symbol), ...schema };
      if (!optional) required.push(symbol.name);
    }
    return { type: 'object', properties, required, additionalProperties: false };
  }

  /** A reference to the definition of an interface, which is made when it is first met. */
  #reference(symbol: ts.Symbol, make: () => Schema): Schema {
    let name = this.#names.get(symbol);
    if (name === undefined) {
      name = symbol.name;
      for (let n = 2; this.definitions[name] !== undefined; n++) name = `${symbol.name}${n}`;
      this.#names.set(symbol, name);
      this.definitions[name] = {};
      this.definitions[name] = { ...this.#describe(symbol), ...make() };
    }
    return { $ref: `#/$defs/${name}` };
  }

  #union(type: ts.UnionType): Schema {
    const present = this.#checker.getNonNullableType(type);
    if (present !== type && present.aliasSymbol !== undefined)
      return { anyOf: [{ type: 'null' }, this.schema(present)] };
    const literals = type.types.filter((one) => one.isStringLiteral());
    const others = type.types.filter((one) => !one.isStringLiteral());
    const booleans = others.filter((one) => (one.flags & ts.TypeFlags.BooleanLiteral) !== 0);
    const rest = others.filter((one) => !booleans.includes(one));
    const parts: Schema[] = rest.map((one) => this.schema(one));
    if (booleans.length === 2) parts.unshift({ type: 'boolean' });
    if (literals.length > 0) parts.unshift({ type: 'string', enum: literals.map(({ value }) => value) });
    const [only] = parts;
    return parts.length === 1 && only !== undefined ? only : { anyOf: parts };
  }

  schema(type: ts.Type): Schema {
    const { flags, aliasSymbol } = type;
    if (flags & ts.TypeFlags.Null) return { type: 'null' };
    if (type.isStringLiteral()) return { type: 'string', const: type.value };
    if (flags & ts.TypeFlags.StringLike) return { type: 'string' };
    if (flags & ts.TypeFlags.Boolean) return { type: 'boolean' };
    // Every number in a message counts something.
    if (flags & ts.TypeFlags.NumberLike) return { type: 'integer' };
    if (type.isUnion()) {
      const objects = type.types.every((one) => (one.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection)) !== 0);
      if (aliasSymbol !== undefined && objects) return this.#reference(aliasSymbol, () => this.#union(type));
      return this.#union(type);
    }
    const symbol = type.getSymbol();
    if (symbol?.name === 'Date') return { type: 'string', format: 'date-time' };
    // A type reference has its arguments.
    const [first, second] = this.#checker.getTypeArguments(type as ts.TypeReference);
    if (this.#checker.isArrayType(type) && first !== undefined) return { type: 'array', items: this.schema(first) };
    if (symbol?.name === 'ReadonlyMap' && second !== undefined)
      return { type: 'object', additionalProperties: this.schema(second) };
    const declared = symbol?.declarations?.[0]?.getSourceFile().fileName.startsWith(folder) ?? false;
    if (symbol !== undefined && declared && type.isClassOrInterface())
      return this.#reference(symbol, () => this.object(type));
    if (type.getProperties().length > 0) return this.object(type);
    throw new Error(`no schema for ${this.#checker.typeToString(type)}`);
  }
}

/**
 * The JSON Schema of a message as `mailmill parse --json` prints it, out of the type `Message` and what is said of its members. Dates are
 * RFC 3339 in UTC, maps are objects.
 */
export function messageSchema(): MessageSchema {
  const file = path.join(folder, 'normal-message.ts');
  const program = ts.createProgram([file], {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: ['node'],
    typeRoots: [path.join(root, 'node_modules/@types')],
    exactOptionalPropertyTypes: true,
  });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const module = source === undefined ? undefined : checker.getSymbolAtLocation(source);
  const symbol =
    module === undefined ? undefined : checker.getExportsOfModule(module).find((one) => one.name === 'Message');
  if (symbol === undefined) throw new Error(`${file} exports no Message`);
  const converter = new Converter(checker);
  const { properties, required, ...rest } = converter.object(checker.getDeclaredTypeOfSymbol(symbol));
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Message',
    description: ts.displayPartsToString(symbol.getDocumentationComment(checker)).replace(/\s+/g, ' '),
    ...rest,
    required: ['size', 'rawSha256', ...(required ?? [])],
    properties: {
      size: { description: 'Bytes of the raw message.', type: 'integer' },
      rawSha256: { description: 'SHA-256 of the raw message, lower-case hex.', type: 'string' },
      ...properties,
    },
    $defs: Object.fromEntries(Object.entries(converter.definitions).sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}
