import { type MailmillError, stalled } from '../telemetry/errors.ts';

const windowSize = 200;
const maximumShare = 0.2;
const maximumRun = 50;

/**
 * Tells bad mail from a broken configuration: more than 20 % dead of the last 200 messages, or 50 in a row. The share counts
 * from 200 messages on.
 */
export class DeadRate {
  #window: boolean[] = [];
  #run = 0;

  /**
   * Looks at what the next messages would add, in their order. Returns the error that must stop the cursor, or undefined and
   * remembers them when `keep` is called.
   */
  examine(dead: readonly boolean[]): { readonly error?: MailmillError; keep(): void } {
    const window = [...this.#window];
    let run = this.#run;
    let count = window.reduce((sum, value) => sum + (value ? 1 : 0), 0);
    let error: MailmillError | undefined;
    for (const isDead of dead) {
      window.push(isDead);
      if (isDead) count += 1;
      if (window.length > windowSize && window.shift()) count -= 1;
      run = isDead ? run + 1 : 0;
      if (run >= maximumRun || (window.length === windowSize && count / windowSize > maximumShare)) {
        error = stalled(
          'DEAD_RATE_EXCEEDED',
          `${run >= maximumRun ? `${maximumRun} messages in a row` : 'more than 20 % of the last 200 messages'} would be dead letters, so a step or sink is probably wrong; the cursor stands still. Correct the pipeline, or run \`mailmill dead accept\` if the mail is really bad`,
        );
        break;
      }
    }
    return {
      ...(error && { error }),
      keep: () => {
        this.#window = window;
        this.#run = run;
      },
    };
  }
}
