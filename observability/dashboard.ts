import { type Panel, SECTIONS } from './panels.ts'

const COLUMNS = 24
const HEIGHT = { row: 1, stat: 4, table: 7, timeseries: 8 } as const
const DATASOURCE = { type: 'prometheus', uid: '$datasource' }

type Place = { x: number; y: number; w: number; h: number }

/** The dashboard as Grafana imports it. */
export function createDashboard(): object {
  const panels: object[] = []
  let [id, y] = [1, 0]
  for (const section of SECTIONS) {
    panels.push({
      ...{ id: id++, type: 'row', title: section.title, collapsed: false, panels: [] },
      gridPos: { x: 0, y, w: COLUMNS, h: HEIGHT.row },
    })
    y += HEIGHT.row
    let [x, tallest] = [0, 0]
    for (const panel of section.panels) {
      const { w, h } = { w: panel.width ?? COLUMNS / 2, h: HEIGHT[panel.kind ?? 'timeseries'] }
      if (x + w > COLUMNS) {
        y += tallest
        x = tallest = 0
      }
      panels.push(renderPanel(panel, id++, { x, y, w, h }))
      x += w
      tallest = Math.max(tallest, h)
    }
    y += tallest
  }
  return {
    ...{ uid: 'zknode', title: 'zkNode', tags: ['zknode'], schemaVersion: 39, version: 1, editable: true },
    ...{ timezone: 'browser', refresh: '30s', time: { from: 'now-6h', to: 'now' }, graphTooltip: 1 },
    templating: { list: [DATASOURCE_VARIABLE, INSTANCE_VARIABLE] },
    annotations: { list: [] },
    panels,
  }
}

const DATASOURCE_VARIABLE = { name: 'datasource', label: 'Prometheus', type: 'datasource', query: 'prometheus' }
const INSTANCE_VARIABLE = {
  ...{ name: 'instance', label: 'API process', type: 'query', datasource: DATASOURCE, refresh: 2 },
  ...{ query: { query: 'label_values(rpc_in_flight, instance)', refId: 'instance' }, includeAll: true, multi: true },
  current: { selected: true, text: ['All'], value: ['$__all'] },
}

function renderPanel({ title, text, kind = 'timeseries', unit, queries }: Panel, id: number, gridPos: Place): object {
  return {
    ...{ id, type: kind, title, description: text, gridPos, datasource: DATASOURCE },
    fieldConfig: { defaults: { ...(unit !== undefined && { unit }), ...LOOKS[kind] }, overrides: [] },
    options: OPTIONS[kind],
    targets: queries.map(({ expr, legend }, index) => ({
      ...{ refId: String.fromCharCode(65 + index), expr, legendFormat: legend, datasource: DATASOURCE },
      ...(kind === 'table' && { format: 'table', instant: true }),
    })),
  }
}

const LOOKS = {
  stat: {},
  table: {},
  timeseries: { min: 0, custom: { lineWidth: 1, fillOpacity: 5, showPoints: 'never', spanNulls: false } },
} as const

const OPTIONS = {
  stat: {
    ...{ reduceOptions: { calcs: ['lastNotNull'] }, colorMode: 'none', graphMode: 'area', textMode: 'auto' },
    ...{ orientation: 'auto', justifyMode: 'auto', wideLayout: true },
    ...{ showPercentChange: false, percentChangeColorMode: 'standard' },
  },
  table: { showHeader: true, frameIndex: 0 },
  timeseries: {
    legend: { displayMode: 'list', placement: 'bottom', showLegend: true, calcs: [] },
    tooltip: { mode: 'multi', sort: 'desc' },
  },
} as const
