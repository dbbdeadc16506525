import { mailRows } from './mail-rows.ts';
import { operatorRow } from './operator-row.ts';
import type { Dashboard } from './panels.ts';
import { troubleRows } from './trouble-rows.ts';

/** A pipeline that never committed anything is told by its conditions alone; without an operator there are only messages. */
const known = '__name__=~"mailmill_(pipeline_condition|messages_total)"';

/** All pipelines at a glance: is mail flowing, how far behind, what is dead, is the operator well. */
export const overview: Dashboard = {
  uid: 'mailmill-overview',
  title: 'Mailmill / Overview',
  description: 'Whether mail flows, how far behind it is, what could not be delivered, and how the operator does.',
  variables: [
    { name: 'namespace', label: 'Namespace', query: `label_values({${known}}, namespace)` },
    { name: 'pipeline', label: 'Pipeline', query: `label_values({${known},namespace=~"$namespace"}, pipeline)` },
  ],
  rows: [...mailRows, ...troubleRows, ...operatorRow],
};
