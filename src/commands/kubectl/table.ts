/** Columns as kubectl shows them: as wide as their widest cell, three blanks apart. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((name, at) => Math.max(name.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `${cells
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('   ')
      .trimEnd()}\n`;
  return [head, ...rows].map(line).join('');
}

const units = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'm'],
] as const;

/** Time since an instant, in its largest unit: `3d`, `12m`, `5s`. */
export function age(since: string | undefined, now: number): string {
  if (since === undefined) return '-';
  const seconds = Math.max(0, Math.round((now - Date.parse(since)) / 1000));
  const [size, unit] = units.find(([each]) => seconds >= each) ?? [1, 's'];
  return `${Math.floor(seconds / size)}${unit}`;
}
