import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { choosePort } from './ports.ts'

/** Another process that chooses a port, says which, and keeps it until it is ended. */
async function chooseElsewhere(preferred: number): Promise<{ port: number; end: () => Promise<unknown> }> {
  const program = `import { choosePort } from '${new URL('./ports.ts', import.meta.url).href}'
    console.log(await choosePort(${preferred})); setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const end = () => {
    child.kill('SIGKILL')
    return once(child, 'exit')
  }
  return { port: Number(String(line)), end }
}

test('a port that was chosen is chosen by no other process until this one ends, nor again by this one', async () => {
  const first = await chooseElsewhere(await choosePort())
  const second = await chooseElsewhere(first.port)
  expect(second.port).not.toBe(first.port)
  expect(await choosePort(first.port)).not.toBe(first.port)
  await first.end()
  expect(await choosePort(first.port)).toBe(first.port)
  expect(await choosePort(first.port)).not.toBe(first.port)
  await second.end()
})

test('a port that something listens on is passed over', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  expect(await choosePort(port)).not.toBe(port)
  server.close()
})
