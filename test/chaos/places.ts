/**
 * The oracle: where each message (by its bytes) has been. A server without object ids makes another message of each place; what comes
 * back under a new UIDVALIDITY with the same bytes is the same message. So a message has
 *
 * - at least as many rows as it had places at any moment at which everything had been read (`settle`), its last one included, and
 * - at most as many as places were made for it, those not counted that a new UIDVALIDITY gave it again.
 */
export class Places {
  /** Places now: folder by message, one entry each. */
  readonly #now = new Map<string, string[]>();
  readonly #made = new Map<string, number>();
  readonly #settled = new Map<string, number>();

  get messages(): number {
    return this.#made.size;
  }

  made(message: string, folder: string): void {
    this.#now.set(message, [...(this.#now.get(message) ?? []), folder]);
    this.#made.set(message, (this.#made.get(message) ?? 0) + 1);
  }

  gone(message: string, folder: string): void {
    const places = [...(this.#now.get(message) ?? [])];
    const at = places.indexOf(folder);
    if (at < 0) throw new Error(`${message} is not in ${folder}`);
    places.splice(at, 1);
    this.#now.set(message, places);
  }

  /** All places of a folder are gone; returns whose. */
  folderGone(folder: string): readonly string[] {
    const lost: string[] = [];
    for (const [message, places] of this.#now)
      for (const place of places)
        if (place === folder) {
          lost.push(message);
          this.gone(message, folder);
        }
    return lost;
  }

  /** A message comes back as it was, in a folder that has a new UIDVALIDITY. */
  again(message: string, folder: string): void {
    this.#now.set(message, [...(this.#now.get(message) ?? []), folder]);
  }

  in(folder: string): readonly string[] {
    return [...this.#now].flatMap(([message, places]) => places.filter((place) => place === folder).map(() => message));
  }

  /** Rows that each message must have once everything is read. */
  wanted(): ReadonlyMap<string, number> {
    const wanted = new Map(this.#settled);
    for (const [message, places] of this.#now) wanted.set(message, Math.max(wanted.get(message) ?? 0, places.length));
    return wanted;
  }

  /** Everything that is there now has been read. */
  settle(): void {
    for (const [message, count] of this.wanted()) this.#settled.set(message, count);
  }

  /** Of rows by message: how many are missing, and how many are too many. */
  judge(rows: ReadonlyMap<string, number>): { readonly lost: readonly string[]; readonly doubled: readonly string[] } {
    const lost = [...this.wanted()].flatMap(([message, wanted]) =>
      Array<string>(Math.max(0, wanted - (rows.get(message) ?? 0))).fill(message),
    );
    const doubled = [...rows].flatMap(([message, count]) =>
      Array<string>(Math.max(0, count - (this.#made.get(message) ?? 0))).fill(message),
    );
    return { lost, doubled };
  }
}
