import { createClient } from '../kubernetes/client.ts';
import { systemClock } from '../kubernetes/clock.ts';
import { loadAccess } from '../kubernetes/load-access.ts';
import { createStreams } from '../kubernetes/streams.ts';
import type { Command, CommandIo } from './command.ts';
import type { Verb } from './kubectl/context.ts';
import { logs } from './kubectl/logs.ts';
import { replay } from './kubectl/replay.ts';
import { report } from './kubectl/report.ts';
import { run as runPipeline } from './kubectl/run.ts';
import { runs, status } from './kubectl/status.ts';
import { dead, reconcile, trace } from './kubectl/tools.ts';

const usage = `usage: kubectl mailmill VERB … [-n NAMESPACE] [--kubeconfig FILE]

  status [NAME]              sources, pipelines and runs with their conditions; ends with 1 when one is not Ready
  runs [PIPELINE]            runs on demand and how they ended
  logs PIPELINE [-f] [--since 1h] [--previous]
                             logs of its workers; -f follows those that run now
  run PIPELINE [--full] [--dry-run] [--name N] [--wait]
                             makes an EmailPipelineRun: everything new, now; with --full everything again
  replay PIPELINE [--since TIME] [--until TIME] [--dead] [--id ID]… [--dry-run] [--name N] [--no-wait]
                             makes an EmailPipelineRun that reads recorded messages again, or dead letters, and shows what comes of it
  dead PIPELINE [list | show ID | retry | resolve [--sink NAME] [--message ID]… | accept]
                             dead letters and deliveries
  reconcile PIPELINE [--last] [--json]
                             compares the mailbox with what is recorded; --last shows what was found before
  trace PIPELINE --message-id ID | --id UUID | --uid FOLDER/UID [--json]
                             where a message is
  report [-o FILE.tar.gz | -o -] [--operator-namespace NS]
                             a tar.gz for support: resources, conditions, revisions, events, versions and the logs of the last hour,
                             without Secrets and without addresses; - is standard output

Installed as \`kubectl-mailmill\` on the PATH, kubectl finds it; \`mailmill kubectl VERB\` is the same. It uses the current context, and its namespace
unless -n says another. dead, reconcile and trace run as a short Job from the pipeline's own image, which reads the namespace's Secrets.`;

const verbs: Readonly<Record<string, Verb>> = {
  ...{ status, runs, logs, dead, reconcile, trace, report },
  run: runPipeline,
  replay,
};

/** Takes the options that every verb has out of the arguments, wherever they stand; undefined: one has no value. */
export function common(
  args: readonly string[],
): { readonly rest: readonly string[]; readonly namespace?: string; readonly kubeconfig?: string } | undefined {
  const rest: string[] = [];
  const found: { namespace?: string; kubeconfig?: string } = {};
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!;
    const [, name, glued] = /^(-n|--namespace|--kubeconfig)(?:=(.*))?$/s.exec(arg) ?? [];
    if (name === undefined) {
      rest.push(arg);
      continue;
    }
    const value = glued ?? args[++at];
    if (value === undefined || value === '') return undefined;
    found[name === '--kubeconfig' ? 'kubeconfig' : 'namespace'] = value;
  }
  return { rest, ...found };
}

async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const options = common(args);
  const [name = '', ...rest] = options?.rest ?? [];
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  if (!options || !verb) {
    const asked = options !== undefined && (name === '' || name === 'help');
    (asked ? io.stdout : io.stderr).write(`${usage}\n`);
    return asked ? 0 : 2;
  }
  const { HOME, KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT } = io.env;
  const access = await loadAccess({
    ...(HOME !== undefined && { HOME }),
    ...(KUBERNETES_SERVICE_HOST !== undefined && { KUBERNETES_SERVICE_HOST }),
    ...(KUBERNETES_SERVICE_PORT !== undefined && { KUBERNETES_SERVICE_PORT }),
    KUBECONFIG: options.kubeconfig ?? io.env.KUBECONFIG ?? '',
  });
  const client = createClient(access, { userAgent: 'kubectl-mailmill' });
  const streams = createStreams(access);
  try {
    const namespace = options.namespace ?? access.namespace ?? 'default';
    const code = await verb({ client, streams, clock: systemClock, random: Math.random, namespace, io }, rest);
    if (code === undefined) io.stderr.write(`${usage}\n`);
    return code ?? 2;
  } finally {
    client.close();
    streams.close();
  }
}

export const command: Command = {
  name: 'kubectl',
  summary: 'look at pipelines in a cluster, as a plugin of kubectl',
  usage,
  run,
};
