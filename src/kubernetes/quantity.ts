const suffixes: Readonly<Record<string, readonly [base: bigint, power: bigint]>> = {
  n: [10n, -9n],
  u: [10n, -6n],
  m: [10n, -3n],
  '': [10n, 0n],
  k: [10n, 3n],
  M: [10n, 6n],
  G: [10n, 9n],
  T: [10n, 12n],
  P: [10n, 15n],
  E: [10n, 18n],
  Ki: [2n, 10n],
  Mi: [2n, 20n],
  Gi: [2n, 30n],
  Ti: [2n, 40n],
  Pi: [2n, 50n],
  Ei: [2n, 60n],
};

/**
 * Value of a Kubernetes quantity (`500m`, `1.5Gi`, `1e3`) in billionths, rounded up as the API server does; undefined
 * when it is none.
 */
export function quantityOf(value: unknown): bigint | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const match = /^([+-]?)(\d{1,30})?(?:\.(\d{0,30}))?(?:([eE])([+-]?\d{1,2})|([numkMGTPE]|[KMGTPE]i)?)$/.exec(
    String(value),
  );
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', , exponent, suffix = ''] = match;
  if (whole === '' && fraction === '') return undefined;
  const [base, power] = exponent === undefined ? suffixes[suffix]! : ([10n, BigInt(exponent)] as const);
  let above = BigInt(whole + fraction) * 10n ** 9n;
  let below = 10n ** BigInt(fraction.length);
  if (power >= 0n) above *= base ** power;
  else below *= base ** -power;
  const billionths = (above + below - 1n) / below;
  return sign === '-' ? -billionths : billionths;
}
