import { parseArgs } from 'node:util'
import { LoadProcess } from './network/loadProcess.ts'
import { canMeasureProcesses, machineCpuSeconds, ProcessMeter, type ProcessUse } from './network/processes.ts'
import { RpcClient } from './network/rpcClient.ts'
import { type Server, startAnvil, startNetwork } from './network/servers.ts'
import type { BenchResult } from './run.ts'
import type { TransferKind } from './transfers.ts'

/** Before anything is sent: what has just started calms down. */
const REST_MS = 5000
const VERIFIED_DEADLINE_MS = 300_000

type Options = { transactions: number; kinds: readonly TransferKind[]; sizes: readonly number[] }
type Row = Record<string, number | string>
type Use = Record<string, ProcessUse>
type Phase = { kind: TransferKind; row: Row; cpuSeconds: Record<string, number>; memory: Use }

const NAMES: Record<TransferKind, string> = { eth: 'ETH', erc20: 'ERC-20' }

/**
 * Transfers sent to a throw-away network through JSON-RPC as fast as it takes them, then the same to anvil. Rates are per
 * second of wall time, of servers and load together on the same cores.
 */
export async function run(args: readonly string[]): Promise<BenchResult> {
  const options = readOptions(args)
  const [rates, parts]: [Row[], NonNullable<BenchResult['parts']>] = [[], []]
  for (const size of options.sizes) {
    const name = size === 0 ? 'zkNode' : `zkNode, ${size} accounts`
    const { rows, use } = await measureServer(name, () => startNetwork(size), size, options)
    rates.push(...rows)
    parts.push({ name: `processes of ${name}`, rows: use })
  }
  const anvil = await measureServer('anvil', startAnvil, 0, options)
  parts.push({ name: 'anvil, a block each second', rows: anvil.use })
  rates.push(...anvil.rows)
  for (const row of rates) {
    const same = anvil.rows.find(({ transfers }) => transfers === row['transfers'])!
    row['of anvil'] = round(Number(row['mined/s']) / Number(same['mined/s']), 2)
  }
  const remark = canMeasureProcesses ? '' : '; CPU and memory of processes are measured on Linux only'
  return { name: `network: ${options.transactions} transfers a phase${remark}`, rows: rates, parts }
}

/** @throws {TypeError} on an option that it does not know. */
export function readOptions(args: readonly string[]): Options {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...args],
    options: { json: { type: 'boolean' }, txs: text, only: text, 'accounts-in-state': text },
  })
  const number = (given: string) => {
    if (!/^[1-9]\d*$/.test(given)) throw new TypeError(`Not a number: ${given}`)
    return Number(given)
  }
  const { only, txs = '5000', 'accounts-in-state': sizes } = values
  if (only !== undefined && only !== 'eth' && only !== 'erc20') throw new TypeError('--only takes eth or erc20.')
  return {
    transactions: number(txs),
    kinds: only === undefined ? ['eth', 'erc20'] : [only],
    sizes: sizes === undefined ? [0] : sizes.split(',').map(number),
  }
}

async function measureServer(
  name: string,
  start: () => Promise<Server>,
  extraAccounts: number,
  { transactions, kinds }: Options,
): Promise<{ rows: Row[]; use: Row[] }> {
  const startedAt = performance.now()
  say(`${name}: starts`)
  const server = await start()
  const meter = new ProcessMeter(server.processes)
  try {
    say(`${name}: ready after ${round((performance.now() - startedAt) / 1000)} s`)
    await sleep(REST_MS)
    const rest = meter.read()
    const load = await LoadProcess.start({ rpcUrl: server.rpcUrl, transactions, extraAccounts })
    const phases: Phase[] = []
    try {
      for (const kind of kinds) {
        await load.sign(kind)
        say(`${name}: ${transactions} ${NAMES[kind]} transfers signed`)
        await waitUntilVerified(server)
        phases.push(await measurePhase(name, kind, load, meter))
      }
    } finally {
      load.stop()
    }
    await waitUntilVerified(server)
    return { rows: phases.map(({ row }) => row), use: processRows(rest, phases, meter.read()) }
  } finally {
    for (const line of server.findErrors()) say(`${name}: ${line}`)
    meter.stop()
    await server.stop()
  }
}

async function measurePhase(name: string, kind: TransferKind, load: LoadProcess, meter: ProcessMeter): Promise<Phase> {
  const [before, busyBefore] = [meter.read(), machineCpuSeconds()]
  const result = await load.send()
  const [memory, busy] = [meter.read(), machineCpuSeconds() - busyBefore]
  const cpuSeconds = Object.fromEntries(
    Object.entries(memory).map(([name, use]) => [name, use.cpuSeconds - (before[name]?.cpuSeconds ?? 0)]),
  )
  const serverCpuSeconds = Object.values(cpuSeconds).reduce((sum, value) => sum + value, 0)
  const row: Row = {
    server: name,
    transfers: NAMES[kind],
    'mined/s': round(result.mined / result.lastMinedSeconds),
    'accepted/s': round(result.accepted / result.acceptedSeconds),
    'first mined s': round(result.firstMinedSeconds, 2),
    'last mined s': round(result.lastMinedSeconds, 2),
    blocks: result.blocks,
    'server CPU s': round(serverCpuSeconds, 2),
    'load CPU s': round(result.loadCpuSeconds, 2),
    'other CPU s': round(Math.max(0, busy - serverCpuSeconds - result.loadCpuSeconds), 2),
  }
  if (result.mined < result.transactions) row['not mined'] = result.transactions - result.mined
  for (const [message, count] of Object.entries(result.refusals)) say(`${name}: refused ${count} times: ${message}`)
  say(`${name}: ${NAMES[kind]} ${row['mined/s']} mined a second`)
  return { kind, row, cpuSeconds, memory }
}

function processRows(rest: Use, phases: readonly Phase[], end: Use): Row[] {
  return Object.entries(end).map(([name, { peakMb }]) => ({
    process: name,
    ...Object.fromEntries(phases.map(({ kind, cpuSeconds }) => [`${NAMES[kind]} CPU s`, round(cpuSeconds[name]!, 2)])),
    'MB at rest': round(rest[name]!.memoryMb),
    'MB at peak': round(peakMb),
  }))
}

/** So that the proofs of one phase do not take CPU time from the next. anvil proves nothing. */
async function waitUntilVerified({ rpcUrl, provesBatches }: Server): Promise<void> {
  if (!provesBatches) return
  const client = new RpcClient(rpcUrl, 1)
  const deadline = performance.now() + VERIFIED_DEADLINE_MS
  let block = Number(await client.call('eth_blockNumber'))
  const isEmpty = async () => (await client.call('eth_getBlockTransactionCountByNumber', [hex(block)])) === '0x0'
  while (block > 0 && (await isEmpty())) block-- // a batch without transactions stays open
  const batch = Number(await client.call('zkevm_batchNumberByBlockNumber', [hex(block)]))
  while (Number(await client.call('zkevm_verifiedBatchNumber')) < batch) {
    if (performance.now() > deadline) throw new Error(`Batch ${batch} was not verified in time.`)
    await sleep(250)
  }
  client.close()
}

const say = (line: string) => void process.stderr.write(`${line}\n`)
const hex = (value: number) => `0x${value.toString(16)}`
const round = (value: number, digits = 0) => Number(value.toFixed(digits))
const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))
