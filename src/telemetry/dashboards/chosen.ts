/** What the variables above the dashboard select. */
export const chosen = 'namespace=~"$namespace",pipeline=~"$pipeline"';

/** A sum of rates by these labels. */
export const rate = (metric: string, by: string, labels = chosen): string =>
  `sum by (${by}) (rate(${metric}{${labels}}[$__rate_interval]))`;
