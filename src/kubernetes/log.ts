/** What this folder needs of a logger; fields never hold values of Secrets. */
export interface Log {
  readonly debug: (message: string, fields?: Readonly<Record<string, unknown>>) => void;
  readonly info: (message: string, fields?: Readonly<Record<string, unknown>>) => void;
  readonly warn: (message: string, fields?: Readonly<Record<string, unknown>>) => void;
}

/** A log that goes nowhere. */
export const silent: Log = { debug: () => {}, info: () => {}, warn: () => {} };
