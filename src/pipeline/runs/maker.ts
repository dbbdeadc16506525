import { fieldsNamed, messageTypes } from '../../message/fields.ts';
import { compileSteps } from '../../steps/registry.ts';
import type { Types } from '../../steps/step.ts';
import { stalled } from '../../telemetry/errors.ts';
import { MessageReader } from '../folders/read-message.ts';
import { prepareMessages } from '../prepare.ts';
import { judge, type Origin, type ReadMessage, type Verdict } from '../processed.ts';
import { neededFields } from '../revision/needed-fields.ts';
import type { Revision } from '../revision/revision.ts';
import type { RunnerEnvironment } from '../worker/runner-environment.ts';

/** What one revision makes of raw messages, whatever revision read them. */
export interface Maker {
  readonly revision: Revision;
  readonly types: Types;
  make(read: ReadMessage, id: string, origin: Origin, signal: AbortSignal): Promise<Verdict>;
}

/** Throws Stalled `REVISION_INVALID` when it does not compile. */
export function makerOf(revision: Revision, environment: RunnerEnvironment): Maker {
  const compiled = compileSteps(revision.steps, messageTypes, environment);
  if (!compiled.ok)
    throw stalled(
      'REVISION_INVALID',
      `revision ${revision.hash} does not compile: ${compiled.issues[0]?.path}: ${compiled.issues[0]?.message}`,
    );
  const { steps, types } = compiled;
  // Nothing that it makes is kept.
  const judging = { steps, edition: 1 };
  const fields = fieldsNamed(neededFields(revision.sinks, compiled));
  return {
    revision,
    types,
    make: async (read, id, origin, signal) => {
      if (read.headerOnly) return judge(read, id, origin, judging);
      const reader = new MessageReader({ origin, fields, onFallback: () => undefined });
      const { uid, raw, flags, size, receivedAt } = read;
      const again = await reader.read({ uid, raw, flags }, { uid, size, receivedAt });
      const [prepared] = await prepareMessages([again], steps, signal);
      return judge(prepared ?? again, id, origin, judging);
    },
  };
}
