import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { JsonRpcProvider } from 'ethers'
import { expect, test } from 'vitest'
import { AnvilStartError, startAnvil } from './anvil.ts'

test('runs an L1 on a free port and leaves no process behind', async () => {
  const anvil = await startAnvil({ chainId: 4321 })
  const provider = new JsonRpcProvider(anvil.url, undefined, { staticNetwork: true })
  expect(await provider.send('eth_chainId', [])).toBe('0x10e1')
  provider.destroy()
  await anvil.stop()
  expect(() => process.kill(anvil.pid, 0)).toThrow()
})

test('says why it cannot start', async () => {
  const anvil = await startAnvil()
  await expect(startAnvil({ port: anvil.port })).rejects.toThrow(AnvilStartError)
  await expect(startAnvil({ args: ['--no-such-option'] })).rejects.toThrow(/no-such-option/)
  await anvil.stop()
})

test('ends with the process that started it', async () => {
  const program = "const { startAnvil } = await import('#test/anvil.ts'); console.log((await startAnvil()).url)"
  const parent = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program])
  const [output] = await once(parent.stdout, 'data')
  const url = String(output).trim()
  expect(await answers(url)).toBe(true)
  parent.kill('SIGTERM')
  const [, signal] = await once(parent, 'exit')
  expect(signal).toBe('SIGTERM')
  await expect.poll(() => answers(url)).toBe(false)
})

/** Asked by its port, since an orphan may stay in the process table until somebody reaps it. */
async function answers(url: string): Promise<boolean> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_chainId', params: [] })
  return fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body }).then(
    ({ ok }) => ok,
    () => false,
  )
}
