import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { ConfigInput } from '#config/schema.ts'
import { writeJson } from '#devnet/dataFolder.ts'
import type { TestNetwork } from '#test/network.ts'
import { MISBEHAVIOURS } from '../remoteProver/misbehaviours.ts'
import { ProverProcess } from './proverProcess.ts'

/** Of the jobs of a remote prover so many go wrong. */
const WRONG = 0.3
const SLOW_MS = 3000
/** Every job takes so long at least: so work waits, and kills meet proofs that are being made. */
const WORK_MS = 800

/** An embedded prover with a configuration file of its own, that has what such a process needs and nothing else. */
export function embeddedProver({ folder }: TestNetwork, number: number): ProverProcess {
  const name = `embedded-${number}`
  const node = parse(readFileSync(join(folder, 'node.json'), 'utf8')) as ConfigInput
  const { network, database, temporal, keys } = node
  const config = { network, temporal, proofStore: { url: database.url }, keys: { attester: keys?.attester } }
  const path = join(folder, `${name}.json`)
  writeJson(path, { ...config, prover: { name }, ops: { port: 0 } })
  return new ProverProcess({
    ...{
      kind: 'embedded',
      proverId: `${name}@${hostname()}`,
      args: () => ['test/storm/slowProver.ts', String(WORK_MS)],
    },
    env: { ZKNODE_CONFIG: path },
    logFile: join(folder, 'logs', `${name}.log`),
  })
}

/** A test prover with every misbehaviour there is. It signs with the key of the network's attester. */
export function misbehavingProver(net: TestNetwork, number: number, seed: number): ProverProcess {
  const id = `remote-${number}`
  const misbehaviours = ['--misbehave', Object.keys(MISBEHAVIOURS).join(','), '--probability', String(WRONG)]
  const times = ['--slow-ms', String(SLOW_MS), '--work-ms', String(WORK_MS)]
  return remoteProver(net, id, (life) => [...misbehaviours, '--seed', String(seed + life), ...times])
}

/** @param options of test/remoteProver/main.ts */
export function remoteProver(
  net: TestNetwork,
  id: string,
  options: (life: number) => readonly string[] = () => [],
): ProverProcess {
  const { proversAddress, l1ChainId, contracts } = net.network
  const key = readFileSync(join(net.folder, 'keys', 'attester'), 'utf8').trim()
  const place = ['--server', proversAddress!, '--id', id, '--key', key]
  const domain = ['--l1-chain-id', String(l1ChainId), '--verifier', contracts.verifier]
  return new ProverProcess({
    ...{ kind: 'remote', proverId: id },
    args: (life) => ['test/remoteProver/main.ts', ...place, ...domain, ...options(life)],
    logFile: join(net.folder, 'logs', `${id}.log`),
  })
}
