import type { AuthenticateSpec } from '../api/kinds/authenticate.ts';
import { type Authentication, notVerified } from '../message/authentication/authentication.ts';
import type { Document } from '../message/fields.ts';
import type { HeaderField } from '../message/headers.ts';
import type { LiveChecker } from './authenticate-live.ts';
import { trustedOf } from './authenticate-trusted.ts';
import type { StepCompilation, StepEnvironment, StepRun, Types } from './step.ts';

const headerField = 'rawHeaders';

/** The step's outcome: the document with its result. */
export const withResult =
  (field: string, result: Authentication): StepRun =>
  (document) => ({ outcome: 'pass', document: { ...document, [field]: result } });

/** `rawHeaders` has this shape: the message made it so, and no step can set a field of that name. */
const fieldsOf = (document: Document) => (document[headerField] ?? []) as readonly HeaderField[];

/**
 * Compiles the authentication of senders. Without `live` it reads what is in the message and is pure. With it, `prepare` asks the DNS for
 * messages without trusted results; mailauth and the resolver are loaded when the first is prepared.
 */
export function compileAuthenticate(
  spec: AuthenticateSpec,
  types: Types,
  path: string,
  environment?: StepEnvironment,
): StepCompilation {
  const { field = 'authentication', live } = spec;
  if (!types.has(headerField)) {
    const message = `authenticate reads the field ${headerField}, which a step before it has removed`;
    return { ok: false, issues: [{ path, message, suggestion: 'authenticate before that step' }] };
  }
  const run: StepRun = (document, work) => {
    const result = trustedOf(spec, fieldsOf(document)) ?? notVerified('NoTrustedResults');
    return withResult(field, result)(document, work);
  };
  const compiled = {
    ok: true,
    run,
    types: new Map([...types, [field, 'authentication'] as const]),
    uses: [headerField],
  } as const;
  if (live === undefined || environment === undefined) return compiled;
  let checker: Promise<LiveChecker> | undefined;
  return {
    ...compiled,
    prepare: async (arrival, signal) => {
      checker ??= import('./authenticate-live.ts').then((live) => new live.LiveChecker(spec, environment));
      return withResult(field, await (await checker).check(arrival, signal));
    },
  };
}
