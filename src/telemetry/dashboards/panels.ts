/** How values are shown; Grafana's own unit ids. */
export type Unit = 'short' | 's' | 'bytes' | 'ops' | 'percentunit' | 'reqps' | 'Bps';

/** One query of a panel: PromQL, and its legend with `{{label}}`. */
export interface Query {
  readonly expr: string;
  readonly legend?: string;
}

interface Common {
  readonly title: string;
  readonly description: string;
  readonly queries: readonly Query[];
  readonly unit?: Unit;
}

/** One panel of a dashboard; `threshold`: from here on it is red. */
export type Panel =
  | (Common & { readonly kind: 'timeseries'; readonly stack?: boolean })
  | (Common & { readonly kind: 'stat'; readonly threshold?: number })
  | (Common & { readonly kind: 'table' });

/** Panels that stand together under a title. */
export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  /** Label names that can be chosen from above, with the metric whose values they are. */
  readonly variables: readonly { readonly name: string; readonly label: string; readonly query: string }[];
  readonly rows: readonly Row[];
}

const width = 24;
const heights = { stat: 4, timeseries: 8, table: 8 } as const;
const datasource = { type: 'prometheus', uid: `\${datasource}` };

/** The JSON model that Grafana imports, schema version 39 (Grafana 10 and later). */
export function grafanaJson(dashboard: Dashboard): unknown {
  let id = 0;
  let y = 0;
  const panels = dashboard.rows.flatMap(({ title, panels: row }) => {
    const height = Math.max(...row.map(({ kind }) => heights[kind]));
    const each = Math.floor(width / row.length);
    const header = { id: ++id, type: 'row', title, collapsed: false, panels: [], gridPos: { x: 0, y, w: width, h: 1 } };
    const laid = row.map((panel, i) => panelJson(panel, ++id, { x: i * each, y: y + 1, w: each, h: height }));
    y += height + 1;
    return [header, ...laid];
  });
  return {
    uid: dashboard.uid,
    title: dashboard.title,
    description: dashboard.description,
    tags: ['mailmill'],
    schemaVersion: 39,
    editable: true,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    templating: {
      list: [
        { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus', hide: 0 },
        ...dashboard.variables.map(({ name, label, query }) => ({
          name,
          label,
          type: 'query',
          datasource,
          query: { query, refId: name },
          refresh: 2,
          includeAll: true,
          multi: true,
          allValue: '.*',
          current: { text: 'All', value: '$__all' },
          sort: 1,
        })),
      ],
    },
    panels,
  };
}

type Place = { readonly x: number; readonly y: number; readonly w: number; readonly h: number };

function panelJson(panel: Panel, id: number, gridPos: Place): unknown {
  const { title, description, queries, unit = 'short' } = panel;
  const instant = panel.kind !== 'timeseries';
  return {
    id,
    type: panel.kind,
    title,
    description,
    datasource,
    gridPos,
    targets: queries.map(({ expr, legend = '' }, i) => ({
      refId: String.fromCharCode(65 + i),
      datasource,
      expr,
      legendFormat: legend,
      instant,
      range: !instant,
      ...(panel.kind === 'table' ? { format: 'table' } : {}),
    })),
    fieldConfig: {
      defaults: {
        unit,
        ...(panel.kind === 'stat' ? { color: { mode: 'thresholds' }, thresholds: thresholds(panel.threshold) } : {}),
        ...(panel.kind === 'timeseries'
          ? { custom: { fillOpacity: 10, stacking: { mode: panel.stack ? 'normal' : 'none' } } }
          : {}),
      },
      overrides: [],
    },
    options: panel.kind === 'timeseries' ? { legend: { displayMode: 'list', placement: 'bottom' } } : {},
  };
}

const thresholds = (red: number | undefined) => ({
  mode: 'absolute',
  steps: [{ color: 'green', value: null }, ...(red === undefined ? [] : [{ color: 'red', value: red }])],
});
