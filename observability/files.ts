import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { metricsOf } from './promql.ts'

type Rule = { alert: string; expr: string; annotations: { summary: string; runbook_url: string } }
type Place = Record<'x' | 'y' | 'w' | 'h', number>
type Panel = {
  type: string
  title: string
  gridPos: Place
  targets?: { expr: string }[]
  fieldConfig?: { defaults: { unit?: string } }
}
type Dashboard = { panels: Panel[] }

const read = (name: string) => readFileSync(new URL(`./${name}`, import.meta.url), 'utf8')

export const readAlerts = (): Rule[] =>
  (parse(read('alerts.yml')) as { groups: { rules: Rule[] }[] }).groups.flatMap(({ rules }) => rules)

export const readDashboard = () => JSON.parse(read('grafana-dashboard.json')) as Dashboard

/** Metrics that alerts and dashboard read, with one place of each. */
export function readUsedMetrics(): Map<string, string> {
  const used = new Map<string, string>()
  for (const { alert, expr } of readAlerts()) for (const name of metricsOf(expr)) used.set(name, alert)
  for (const { title, targets = [] } of readDashboard().panels)
    for (const { expr } of targets) for (const name of metricsOf(expr)) used.set(name, `panel ${title}`)
  return used
}
