import { z } from 'zod'
import { countOf, countOrNoneOf, port } from './options.ts'

/** Processes of a node, in the order of their operations ports: `ops.port` is that of the first. */
export const PROCESS_ROLES = [
  'api',
  'workflows',
  'sequencer',
  'synchronizer',
  'prover',
  'aggregator',
  'follower',
] as const
export type ProcessRole = (typeof PROCESS_ROLES)[number]

const portOption = (role: ProcessRole) => port.optional().describe(`Of the process ${role}.`)

const portsSchema = z
  .strictObject({
    api: portOption('api'),
    workflows: portOption('workflows'),
    sequencer: portOption('sequencer'),
    synchronizer: portOption('synchronizer'),
    prover: portOption('prover'),
    aggregator: portOption('aggregator'),
    follower: portOption('follower'),
  })
  .prefault({})
  .describe('Operations ports that differ from the usual order.')

export const opsSchema = z
  .strictObject({
    host: z.string().default('127.0.0.1').describe('Address to listen on.'),
    port: port
      .default(9091)
      .describe(
        'Operations port of the API: /live, /ready, /health, /status, /config and /metrics. The other processes take ' +
          'those after it: workflows the first, sequencer, synchronizer, prover, aggregator, follower the sixth. 0 for ' +
          'free ones.',
      ),
    ports: portsSchema,
    maxBlocksBehind: countOf('L1 blocks')
      .default(50)
      .describe('A node that follows is not ready while it has more blocks to read than these.'),
    maxBlockAgeMs: countOrNoneOf('ms')
      .default(0)
      .describe('A node that follows is not ready while its newest block is older than this; 0 for any age.'),
  })
  .prefault({})
  .describe('What operators and their monitoring ask.')

type Ports = Pick<z.output<typeof opsSchema>, 'port' | 'ports'>

/** Where a process of the node is asked; 0 for any free port. */
export function opsPortOf(role: ProcessRole, { port, ports }: Ports): number {
  return ports[role] ?? (port === 0 ? 0 : port + PROCESS_ROLES.indexOf(role))
}
