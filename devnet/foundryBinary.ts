import { createRequire } from 'node:module'
import { join } from 'node:path'

/** Path of a Foundry program that npm installed for this platform. */
export function foundryBinary(tool: 'anvil' | 'cast'): string {
  const require = createRequire(import.meta.url)
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch
  const manifest = require.resolve(`@foundry-rs/${tool}-${process.platform}-${architecture}/package.json`)
  return join(manifest, '..', 'bin', process.platform === 'win32' ? `${tool}.exe` : tool)
}
