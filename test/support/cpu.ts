/** CPU milliseconds of this thread, least of `runs`: other tests and a busy machine do not count. */
export function cpuMilliseconds(work: () => unknown, runs = 1): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < runs; i++) {
    const before = process.threadCpuUsage();
    work();
    const { user, system } = process.threadCpuUsage(before);
    least = Math.min(least, (user + system) / 1_000);
  }
  return least;
}
