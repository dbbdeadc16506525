/** The first few items, and how many more there are. */
export function compactList(items: readonly string[], most: number, separator: string): string {
  if (items.length <= most) return items.join(separator);
  return `${items.slice(0, most).join(separator)}${separator}and ${items.length - most} more`;
}

/** `1 worker`, `2 workers`. */
export const plural = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`;
