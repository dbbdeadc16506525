/**
 * Collects what is asked for at about the same time and asks for it together: whatever comes while an answer is under way goes with the next one.
 */
export class Together<Q, A> {
  readonly #ask: (questions: readonly Q[]) => Promise<readonly A[]>;
  #waiting: {
    readonly question: Q;
    readonly resolve: (answer: A) => void;
    readonly reject: (error: unknown) => void;
  }[] = [];
  #asking = false;

  /** `ask` gives one answer a question, in their order. */
  constructor(ask: (questions: readonly Q[]) => Promise<readonly A[]>) {
    this.#ask = ask;
  }

  /** Throws what asking threw, for all who were asked for together. */
  async ask(question: Q): Promise<A> {
    const { promise, resolve, reject } = Promise.withResolvers<A>();
    this.#waiting.push({ question, resolve, reject });
    if (!this.#asking) void this.#run();
    return promise;
  }

  async #run(): Promise<void> {
    this.#asking = true;
    await Promise.resolve(); // what the same moment brings
    while (this.#waiting.length > 0) {
      const asked = this.#waiting;
      this.#waiting = [];
      try {
        const answers = await this.#ask(asked.map(({ question }) => question));
        for (const [index, { resolve }] of asked.entries()) resolve(answers[index] as A);
      } catch (error) {
        for (const { reject } of asked) reject(error);
      }
    }
    this.#asking = false;
  }
}
