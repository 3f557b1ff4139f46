import type { Readiness } from './health.ts'

/** Asks for checks one by one, as load balancers of cdk-erigon do. Several values are separated by commas. */
export const ERIGON_HEADER = 'x-erigon-healthcheck'

type Report = Record<'synced' | 'min_peer_count' | 'check_block' | 'max_seconds_behind', string>

/**
 * Values: synced, min_peer_count<N>, check_block<N>, max_seconds_behind<N>. Source: cdk-erigon,
 * cmd/rpcdaemon/health. This node has no peers.
 */
export function checkAsErigon(header: string, { checks }: Readiness): { isHealthy: boolean; report: Report } {
  const report: Report = {
    ...{ synced: 'DISABLED', min_peer_count: 'DISABLED', check_block: 'DISABLED', max_seconds_behind: 'DISABLED' },
  }
  const [block, age] = [
    Number(checks['head']?.['blockNumber'] ?? -1),
    Number(checks['head']?.['ageSeconds'] ?? Infinity),
  ]
  const judge = (isOk: boolean, error: string) => (isOk ? 'HEALTHY' : `ERROR: ${error}`)
  for (const value of header.toLowerCase().split(',')) {
    const [, name, digits] = /^\s*([a-z_]+?)(\d*)\s*$/.exec(value) ?? []
    const limit = Number(digits)
    if (name === 'synced') report.synced = judge(checks['sync']?.ok === true, 'not synced')
    if (name === 'min_peer_count') report.min_peer_count = judge(limit === 0, `not enough peers: 0 (minimum ${limit})`)
    if (name === 'check_block') report.check_block = judge(block >= limit, `no known block with number ${limit}`)
    if (name === 'max_seconds_behind')
      report.max_seconds_behind = judge(age <= limit, `timestamp too old: ${age} seconds (maximum ${limit})`)
  }
  return { isHealthy: !Object.values(report).some((text) => text.startsWith('ERROR')), report }
}
