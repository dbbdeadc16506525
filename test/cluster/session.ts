import { buildBinaries } from './binaries.ts';
import { buildImage } from './image.ts';
import { environment, isUp, load, up, within } from './node.ts';
import { buildPrevious, type Previous } from './previous.ts';
import { type ClusterSettings, clusterSettings, nodeAddress } from './settings.ts';

/** How to run a program against a cluster that has the product's image. */
export interface Session {
  /** The command as it must be started. */
  wrap(command: readonly string[]): readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/**
 * The cluster that KUBECONFIG names (its nodes must know the image MAILMILL_TEST_IMAGE), or our own, started when it does not run.
 * @param upgrade whether the release before this one is needed, too; what keeps it from being built is told to the tests.
 */
export async function openSession(
  log: (line: string) => void,
  { upgrade = false }: { readonly upgrade?: boolean } = {},
): Promise<Session> {
  const settings: ClusterSettings = clusterSettings();
  await buildBinaries(settings, log);
  if (process.env.KUBECONFIG) {
    return { wrap: (command) => command, env: { ...process.env, PATH: `${settings.bin}:${process.env.PATH}` } };
  }
  // Before the network namespace: both may need the registry.
  const image = await buildImage(log);
  const previous: Awaited<ReturnType<typeof previousRelease>> = upgrade ? await previousRelease(log) : {};
  if (!isUp(settings)) await up(settings, log);
  await load(settings, image.archive);
  if (previous.image !== undefined) await load(settings, previous.image.archive);
  return {
    wrap: (command) => within(settings, command),
    env: {
      ...environment(settings),
      MAILMILL_TEST_IMAGE: image.name,
      MAILMILL_TEST_HOST: nodeAddress,
      MAILMILL_TEST_PREVIOUS: JSON.stringify(previous),
    },
  };
}

async function previousRelease(
  log: (line: string) => void,
): Promise<Partial<Previous> & { readonly problem?: string }> {
  try {
    return await buildPrevious(log);
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}
