import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { NodeError } from '#common/errors.ts'
import { generateKernel } from './assembly/generate.ts'

export class KernelBuildError extends NodeError {
  override readonly name = 'KernelBuildError'
}

/**
 * The compiled Poseidon kernel. Compiled (in some seconds) when dist/ has none of this source; safe to call from
 * several processes at once. @throws {KernelBuildError}
 */
export async function buildKernel(): Promise<Uint8Array> {
  const source = generateKernel()
  const hash = createHash('sha256').update(source).digest('hex').slice(0, 16)
  const path = join(fileURLToPath(new URL('..', import.meta.url)), 'dist', `poseidon-${hash}.wasm`)
  if (existsSync(path)) return readFileSync(path)
  const wasm = await compile(source)
  mkdirSync(dirname(path), { recursive: true })
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, wasm)
  renameSync(draft, path)
  return wasm
}

async function compile(source: string): Promise<Uint8Array> {
  const { default: asc } = await import('assemblyscript/asc')
  let wasm: Uint8Array | undefined
  const options = [
    '--outFile',
    'kernel.wasm',
    '--optimizeLevel',
    '3',
    '--shrinkLevel',
    '0',
    '--runtime',
    'stub',
    '--noAssert',
    '--enable',
    'simd',
  ]
  const { error, stderr } = await asc.main(['kernel.ts', ...options], {
    readFile: (name) => (name === 'kernel.ts' ? source : null),
    writeFile: (name, contents) => {
      if (name === 'kernel.wasm') wasm = contents as Uint8Array
    },
    listFiles: () => [],
  })
  if (error || wasm === undefined)
    throw new KernelBuildError('The Poseidon kernel does not compile.', {
      cause: error,
      facts: { stderr: stderr.toString() },
    })
  return wasm
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildKernel()
