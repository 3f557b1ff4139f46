import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { anvilSpec, backUpState, L1StateLostError, repairState } from './anvil.ts'
import { choosePort } from './ports.ts'
import { call } from './rpc.ts'
import { Supervisor } from './supervisor.ts'

let folder: string
let stateFile: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zknode-anvil-'))
  stateFile = join(folder, 'l1-state.json')
})
afterEach(() => rmSync(folder, { recursive: true }))

test('half a state file gives way to the last whole one', () => {
  repairState(stateFile)
  expect(existsSync(stateFile)).toBe(false)
  writeFileSync(stateFile, '{"block":1}')
  repairState(stateFile)
  writeFileSync(stateFile, '{"blo')
  backUpState(stateFile) // must not take the half
  repairState(stateFile)
  expect(readFileSync(stateFile, 'utf8')).toBe('{"block":1}')
})

test('without a whole file it says what to do', () => {
  writeFileSync(stateFile, '{"blo')
  expect(() => repairState(stateFile)).toThrow(L1StateLostError)
  expect(() => repairState(stateFile)).toThrow(/--reset/)
})

test('blocks, receipts, logs and code are the same after a restart', async () => {
  const guardian = { watch: () => {}, release: () => {}, removeAtEnd: () => {} }
  const supervised = () => new Supervisor({ logFolder: folder, guardian, onEvent: () => {}, onChange: () => {} })
  const port = await choosePort()
  const url = `http://127.0.0.1:${port}`
  const first = supervised()
  await first.start(anvilSpec(port, stateFile))
  const [from] = await call<string[]>(url, 'eth_accounts')
  const data = '0x635f5fa0005f526004601cf3' // deploys a contract that emits a log without topics
  const creation = await call<string>(url, 'eth_sendTransaction', [{ from, data, gas: '0x30000' }])
  await call(url, 'evm_mine')
  const receipt = () =>
    call<{ contractAddress: string; blockNumber: string }>(url, 'eth_getTransactionReceipt', [creation])
  const { contractAddress: to, blockNumber } = await receipt()
  await call(url, 'eth_sendTransaction', [{ from, to, gas: '0x30000' }])
  await call(url, 'anvil_mine', ['0x14'])
  const read = async () => ({
    receipt: await receipt(),
    block: await call(url, 'eth_getBlockByNumber', [blockNumber, true]),
    logs: await call<unknown[]>(url, 'eth_getLogs', [{ fromBlock: '0x0', toBlock: '0x14' }]),
    code: await call(url, 'eth_getCode', [to, 'latest']),
  })
  const before = await read()
  expect(before.logs).toHaveLength(1)
  await first.stop()
  copyFileSync(stateFile, `${stateFile}.copy`)
  writeFileSync(stateFile, readFileSync(stateFile).subarray(0, 1000)) // killed while it wrote
  const second = supervised()
  await second.start(anvilSpec(port, stateFile))
  const after = await read()
  const finalized = await call<{ number: string }>(url, 'eth_getBlockByNumber', ['finalized', false])
  await second.stop()
  expect(after).toEqual(before)
  expect(Number(finalized.number)).toBeGreaterThan(Number(blockNumber))
}, 30_000)

test('a clock that was put forward stays so after a restart', async () => {
  const guardian = { watch: () => {}, release: () => {}, removeAtEnd: () => {} }
  const supervised = () => new Supervisor({ logFolder: folder, guardian, onEvent: () => {}, onChange: () => {} })
  const port = await choosePort()
  const url = `http://127.0.0.1:${port}`
  const now = async () =>
    Number((await call<{ timestamp: string }>(url, 'eth_getBlockByNumber', ['latest', false])).timestamp)
  const first = supervised()
  await first.start(anvilSpec(port, stateFile))
  await call(url, 'evm_increaseTime', [100_000])
  await call(url, 'evm_mine')
  const before = await now()
  expect(before).toBeGreaterThan(Date.now() / 1000 + 99_000)
  await first.stop()
  const second = supervised()
  await second.start(anvilSpec(port, stateFile))
  await call(url, 'evm_mine')
  const after = await now()
  await second.stop()
  expect(after).toBeGreaterThanOrEqual(before - 1)
}, 30_000)
