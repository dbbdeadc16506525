import type { DefectCode } from './defect-codes.ts';
import type { Defect } from './message.ts';

/** No defects, as most messages have. */
const none: readonly Defect[] = [];

/** Collects the defects of one message: one entry a code, with the detail of its first sight. */
export class Defects {
  #list: Defect[] | null = null;

  /** @param detail where or what, from our own vocabulary; never text of the message. */
  add(code: DefectCode, detail: string): void {
    this.#add({ code, detail });
  }

  /** Adds what another collected. */
  addAll(others: Defects): void {
    if (others.#list !== null) for (const defect of others.#list) this.#add(defect);
  }

  #add(defect: Defect): void {
    if (this.#list === null) this.#list = [defect];
    else if (!this.#list.some(({ code }) => code === defect.code)) this.#list.push(defect);
  }

  list(): readonly Defect[] {
    return this.#list ?? none;
  }
}
