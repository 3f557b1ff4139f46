/** Words of PromQL that stand where a metric could. */
const KEYWORDS = new Set(['and', 'or', 'unless', 'bool', 'offset', 'inf', 'nan'])
const STRINGS = /"[^"]*"|'[^']*'/g
const GROUPINGS = /\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g
const RANGES = /\[[^\]]*\]/g
const NUMBERS = /\b\d[\w.]*/g

/** Metrics that an expression reads. */
export function metricsOf(expr: string): string[] {
  const bare = expr
    .replace(STRINGS, '')
    .replace(GROUPINGS, '')
    .replace(/\{[^}]*\}/g, ' ')
    .replace(RANGES, ' ')
  const names = [...bare.replace(NUMBERS, ' ').matchAll(/[a-zA-Z_:][\w:]*(?!\w)(?!\s*\()/g)].map(([name]) => name)
  return [...new Set(names.filter((name) => !KEYWORDS.has(name)))]
}

/** Names that a scraper reads in a text of metrics, those of the parts of histograms included. */
export function namesIn(text: string): Set<string> {
  const names = new Set<string>()
  for (const [, name, type] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    names.add(name!)
    if (type === 'histogram') for (const part of ['bucket', 'sum', 'count']) names.add(`${name}_${part}`)
  }
  return names
}
