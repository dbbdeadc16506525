import type { Cursor } from '../../store/epochs.ts';
import { type Identity, resolveIdentities } from '../../store/identity.ts';
import type { Lease } from '../../store/leases.ts';
import { failpoint } from '../../telemetry/failpoint.ts';
import type { PipelineContext } from '../context.ts';
import type { ReadMessage } from '../processed.ts';

/** Whose messages they are. */
export interface Identifying {
  readonly context: PipelineContext;
  readonly lease: Lease;
  readonly sourceName: string;
  readonly account: string;
}

/** The identities of messages of one folder, by UID. */
export async function identify(
  messages: readonly ReadMessage[],
  cursor: Cursor,
  { context, lease, sourceName, account }: Identifying,
): Promise<ReadonlyMap<number, Identity>> {
  failpoint('before-resolve');
  const identities = await resolveIdentities(
    context.database,
    lease,
    {
      namespace: context.revision.namespace,
      source: sourceName,
      account,
      folder: cursor.folder,
      uidvalidity: cursor.uidvalidity,
      epochId: cursor.epochId,
    },
    messages,
  );
  failpoint('after-resolve');
  return identities;
}
