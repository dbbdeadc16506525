import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stalled } from '../telemetry/errors.ts';

/** Reads Secrets from files `<directory>/<name>/<key>`, without the newline that editors add. Throws Stalled `SECRET_MISSING`. */
export function secretFiles(directory: string): (name: string, key: string) => Promise<string> {
  return async (name, key) => {
    try {
      return (await readFile(join(directory, name, key), 'utf8')).replace(/\r?\n$/, '');
    } catch (error) {
      throw stalled('SECRET_MISSING', `Secret ${name} has no key ${key} here; create it (looked in ${directory})`, {
        cause: error,
      });
    }
  };
}
