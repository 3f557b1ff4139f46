import { writeFileSync } from 'node:fs'
import { createDashboard } from './dashboard.ts'

/** `npm run dashboard`. */
writeFileSync(
  new URL('./grafana-dashboard.json', import.meta.url),
  `${JSON.stringify(createDashboard(), undefined, 2)}\n`,
)
