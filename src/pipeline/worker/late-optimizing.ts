import { setFlagsFromString } from 'node:v8';

/**
 * Lets V8's last compiler wait until code has proven hot for seconds: in a worker's first ones it takes a sixth of the CPU time, and gives little.
 * To be called once everything is loaded: under other flags than those of the build no compiled code is taken from a cache, Node's own included,
 * which was measured to cost 150 ms of the start.
 */
export function optimizeLater(): void {
  // Other versions know other flags.
  if (process.versions.node.startsWith('24.')) setFlagsFromString('--invocation-count-for-turbofan=50000');
}
