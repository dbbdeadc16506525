/**
 * Runs tasks until one of them fails or `signal` is aborted; the others are then aborted and waited for. Throws the
 * first failure.
 */
export async function together(
  signal: AbortSignal,
  tasks: readonly ((signal: AbortSignal) => Promise<unknown>)[],
): Promise<void> {
  const failed = new AbortController();
  const both = AbortSignal.any([signal, failed.signal]);
  let first: { readonly error: unknown } | undefined;
  await Promise.all(
    tasks.map((task) =>
      task(both).catch((error: unknown) => {
        if (both.aborted) return;
        first = { error };
        failed.abort(error);
      }),
    ),
  );
  if (first !== undefined) throw first.error;
}
