import { buildBinaries } from './binaries.ts';
import { buildImage } from './image.ts';
import { environment, isUp, load, up, within } from './node.ts';
import { type ClusterSettings, clusterSettings, nodeAddress } from './settings.ts';

/** How to run a program against a cluster that has the product's image. */
export interface Session {
  /** The command as it must be started. */
  wrap(command: readonly string[]): readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** The cluster that KUBECONFIG names (its nodes must know the image MAILMILL_TEST_IMAGE), or our own, started when it does not run. */
export async function openSession(log: (line: string) => void): Promise<Session> {
  const settings: ClusterSettings = clusterSettings();
  await buildBinaries(settings, log);
  if (process.env.KUBECONFIG) {
    return { wrap: (command) => command, env: { ...process.env, PATH: `${settings.bin}:${process.env.PATH}` } };
  }
  const image = await buildImage(log); // before the network namespace: it may need the registry
  if (!isUp(settings)) await up(settings, log);
  await load(settings, image.archive);
  return {
    wrap: (command) => within(settings, command),
    env: { ...environment(settings), MAILMILL_TEST_IMAGE: image.name, MAILMILL_TEST_HOST: nodeAddress },
  };
}
