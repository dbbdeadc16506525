import type { Source } from '../../sources/source.ts';
import type { MailmillError } from '../../telemetry/errors.ts';
import type { PipelineContext } from '../context.ts';
import type { RunnerEnvironment } from '../worker/runner-environment.ts';
import { AccountSet, type NewAccount } from './account-set.ts';
import { isOfAccount } from './account-status.ts';
import { AccountWorker } from './account-worker.ts';
import { tellStalled, whileStalled } from './standstill.ts';

/** Who stands still, among the accounts of a pipeline. */
const keyOf = (source: string, accountId: bigint) => `${source}/${accountId}`;

/** The accounts of a pipeline as its sources list them now; nothing is begun yet. `onRecovered`: one of them works. */
export async function openAccounts(
  context: PipelineContext,
  environment: RunnerEnvironment,
  once: boolean,
  onRecovered: () => void,
): Promise<AccountSet> {
  const { revision, health } = context;
  const { broker, fresh, onFetch, openSource, hardStop } = environment;
  const create = (account: NewAccount): AccountWorker => {
    const { source, accountId, leases } = account;
    const who = keyOf(source.name, accountId);
    // The login of one among many is its own matter: it is told in numbers.
    const tells = (error: MailmillError) => !source.relist || !isOfAccount(error.code);
    return new AccountWorker({
      context,
      ...account,
      broker,
      fresh,
      once,
      onFetch,
      onStalled: async (error) => {
        if (tells(error)) await tellStalled(context, who, error);
      },
      whileStalled: (stop) => whileStalled(context, who, once, stop),
      onRecovered: () => {
        health.stall(who);
        leases.begun(accountId);
        onRecovered();
      },
    });
  };
  const sources: Source[] = [];
  for (const { name } of revision.sources) sources.push(await openSource(revision, name));
  const onRemoved = (worker: AccountWorker) => health.stall(keyOf(worker.source, worker.id));
  const accounts = new AccountSet({ context, sources, fresh, random: Math.random, once, create, onRemoved });
  await accounts.open(hardStop);
  return accounts;
}
