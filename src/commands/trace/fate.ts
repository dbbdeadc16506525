import type { MessageRecord, MessageTrace, PlaceKnowledge, Sighting, TracedDelivery } from '../../store/trace.ts';

/** Where a message is, for one pipeline. */
export type FateState =
  | 'NeverSeen'
  | 'FolderExcluded'
  | 'BeforeSince'
  | 'Waiting'
  | 'Dropped'
  | 'Dead'
  | 'Resolved'
  | 'Delivered'
  | 'Forgotten'
  | 'Missing';

/** A place where the message was found in the mailbox. */
export interface Found {
  readonly folder: string;
  readonly selected: boolean;
  readonly uidvalidity: bigint;
  readonly uid: number | undefined;
  readonly receivedAt: Date;
}

export interface Fate {
  readonly state: FateState;
  /** A sentence for people. */
  readonly because: string;
  readonly record?: MessageRecord;
  readonly deliveries?: readonly TracedDelivery[];
}

/** States in which there is nothing to wait for and nothing to do. */
const settled: ReadonlySet<FateState> = new Set([
  'FolderExcluded',
  'BeforeSince',
  'Dropped',
  'Resolved',
  'Delivered',
  'Forgotten',
]);

export const isSettled = ({ state }: Fate): boolean => settled.has(state);

const at = ({ folder, uid }: { readonly folder: string | undefined; readonly uid: number }) =>
  `${folder ?? 'a folder that is gone'} UID ${uid}`;

/** Fate by what the pipeline has recorded of the message; undefined when it never read it. */
export function recordedFate(trace: MessageTrace): Fate | undefined {
  const record = trace.records[0];
  if (!record) {
    const read = trace.sightings.find((sighting) => sighting.read);
    return (
      read && {
        state: 'Forgotten',
        because: `it was read at ${at(read)}; what became of it is older than the pipeline's retention, so look for the row in the sink's table`,
      }
    );
  }
  const deliveries = trace.deliveries;
  const step = record.step ?? '?';
  switch (record.state) {
    case 'Dropped':
      return { state: 'Dropped', because: `the step ${step} filtered it out`, record, deliveries };
    case 'Dead': {
      const where = trace.dead?.sink
        ? `at the sink ${trace.dead.sink}`
        : record.step
          ? `in the step ${step}`
          : 'when it was read';
      const detail = trace.dead ? `: ${trace.dead.detail}` : '';
      const because = `it died ${where} (${record.code ?? 'no code'})${detail}`;
      return { state: trace.dead?.resolved ? 'Resolved' : 'Dead', because, record, deliveries };
    }
    case 'Processed':
      return { ...deliveredFate(deliveries), record, deliveries };
    case 'JustIn':
      return { state: 'Waiting', because: 'it is recorded and not processed yet', record, deliveries };
  }
}

/** Fate of a message whose document was made, by what became of its deliveries. */
function deliveredFate(deliveries: readonly TracedDelivery[]): Pick<Fate, 'state' | 'because'> {
  const waiting = deliveries.filter(({ status }) => status === 'Queued' || status === 'Retrying');
  const dead = deliveries.filter(({ status }) => status === 'Dead');
  const told = ({ sink, status, code, queued }: TracedDelivery) =>
    `${sink} is ${status}${code === undefined ? '' : ` (${code})`}${queued?.detail === undefined ? '' : `: ${queued.detail}`}`;
  if (waiting.length > 0)
    return { state: 'Waiting', because: `it was processed; ${[...waiting, ...dead].map(told).join('; ')}` };
  if (dead.length === 0) return { state: 'Delivered', because: 'every sink has acknowledged it' };
  if (dead.every(({ queued }) => queued === undefined))
    return { state: 'Resolved', because: `it was processed; ${dead.map(told).join('; ')}` };
  const next = '`mailmill dead retry` sends it again, `mailmill dead resolve` forgets it';
  return { state: 'Dead', because: `it was processed; ${dead.map(told).join('; ')}; ${next}` };
}

/** Fate of a message at a place that the pipeline has not read. */
function unreadFate(
  place: { readonly selected: boolean; readonly uid: number | undefined; readonly receivedAt: Date },
  knowledge: PlaceKnowledge | undefined,
): Fate {
  const { selected, uid, receivedAt } = place;
  if (!selected)
    return {
      state: 'FolderExcluded',
      because: "the source's folders.include and folders.exclude leave this folder out",
    };
  const cursor = knowledge?.cursor;
  if (!cursor || uid === undefined)
    return { state: 'Waiting', because: 'the pipeline has not seen it yet; it is read when its turn comes' };
  if (cursor.since && uid < cursor.firstUidNext && receivedAt < cursor.since)
    return {
      state: 'BeforeSince',
      because: `it is older than since, which is ${cursor.since.toISOString()} for this folder`,
    };
  if (cursor.finished)
    return {
      state: 'Missing',
      because:
        'the cursor is past it and nothing is recorded; please report this, with the output of mailmill reconcile',
    };
  return { state: 'Waiting', because: 'the pipeline knows of it and has not finished it yet' };
}

/** Fate of a message that was found in the mailbox. */
export function fateAt(found: Found, knowledge: PlaceKnowledge | undefined, trace: MessageTrace | undefined): Fate {
  const recorded = trace && recordedFate(trace);
  if (!recorded) return unreadFate(found, knowledge);
  const { record } = recorded;
  if (!record || found.uid === undefined) return recorded;
  const here = record.folder === found.folder && record.uid === found.uid && record.uidvalidity === found.uidvalidity;
  return here
    ? recorded
    : { ...recorded, because: `${recorded.because}; handled when it was at ${at(record)}${epochNote(record, found)}` };
}

const epochNote = (record: MessageRecord, found: Found) =>
  record.folder === found.folder && record.uidvalidity !== undefined && record.uidvalidity !== found.uidvalidity
    ? ` of an earlier UIDVALIDITY (${record.uidvalidity})`
    : '';

/** Fate of a message that the store knows, whatever the mailbox holds now; `knowledge` is that of `sighting`. */
export function fateInStore(
  trace: MessageTrace,
  sighting: Sighting,
  selected: boolean,
  knowledge: PlaceKnowledge | undefined,
): Fate {
  return recordedFate(trace) ?? unreadFate({ selected, uid: sighting.uid, receivedAt: sighting.receivedAt }, knowledge);
}
