import type { Document } from '../../message/fields.ts';
import type { EncodedRow } from '../../sinks/sink.ts';
import { type FirstPlace, Minter } from '../../store/message-id.ts';
import type { Minted } from '../../store/occurrences.ts';
import type { PipelineContext } from '../context.ts';
import { type Draft, judgeDocument, type Origin, type Processed, type ReadMessage } from '../processed.ts';

export type DraftingContext = Pick<PipelineContext, 'steps' | 'sinks' | 'outbox' | 'keeper' | 'edition'>;

/** Makes the document of a message that was read already once more. */
export type Again = (read: ReadMessage) => Document;

/**
 * Judges and encodes messages as they are read, while their documents are at hand. What waits for its commit is bytes then, outside of
 * the heap: documents that wait get old, and collecting them was measured to take a third of a worker's CPU time.
 */
export class Drafter {
  readonly #context: DraftingContext;
  readonly #origin: Origin;
  readonly #minter: Minter;

  private constructor(context: DraftingContext, origin: Origin, minter: Minter) {
    this.#context = context;
    this.#origin = origin;
    this.#minter = minter;
  }

  /** Undefined where documents are needed later: by queues, by steps that ask somebody first, or where nothing is delivered. */
  static of(context: DraftingContext, place: FirstPlace): Drafter | undefined {
    const { sinks, steps, outbox, keeper } = context;
    if (sinks.length === 0 || outbox || keeper || steps.some(({ prepare }) => prepare !== undefined)) return undefined;
    const { source, account, folder } = place;
    return new Drafter(context, { source, account, folder }, new Minter(place));
  }

  /** Undefined when its sinks do not want it encoded now. */
  draft(read: ReadMessage, document: Document, again: Again): Draft | undefined {
    const { sinks, edition } = this.#context;
    if (!sinks.every((sink) => sink.encodes(edition))) return undefined;
    const minted = this.#minter.mint(read);
    const { id } = minted;
    const verdict = judgeDocument(document, id, this.#origin, this.#context);
    if (verdict.state !== 'Processed') return { minted, verdict, again: () => again(read) };
    const encoded = sinks.map((sink) => sink.encode(verdict));
    return new ProcessedDraft(this, minted, edition, encoded, read, again);
  }

  /** What the steps make of a document; they are pure, so that they say the same each time. */
  processed(document: Document, id: string): Document {
    const verdict = judgeDocument(document, id, this.#origin, this.#context);
    if (verdict.state !== 'Processed') throw new Error(`a message was ${verdict.state} when it was judged again`);
    return verdict.document;
  }
}

/** A draft, its verdict and the row in one: there is one for each message that waits. */
class ProcessedDraft implements Draft, Processed {
  readonly state = 'Processed';
  readonly minted: Minted;
  readonly edition: number;
  readonly encoded: readonly EncodedRow[];
  readonly #drafter: Drafter;
  readonly #read: ReadMessage;
  readonly #again: Again;

  constructor(
    drafter: Drafter,
    minted: Minted,
    edition: number,
    encoded: readonly EncodedRow[],
    read: ReadMessage,
    again: Again,
  ) {
    this.#drafter = drafter;
    this.minted = minted;
    this.edition = edition;
    this.encoded = encoded;
    this.#read = read;
    this.#again = again;
  }

  get verdict(): Processed {
    return this;
  }

  get documentId(): string {
    return this.minted.id;
  }

  /** Made again each time. */
  get document(): Document {
    return this.#drafter.processed(this.again(), this.minted.id);
  }

  again(): Document {
    return this.#again(this.#read);
  }
}
