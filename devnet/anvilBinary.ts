import { createRequire } from 'node:module'
import { join } from 'node:path'

/** Path of the anvil binary that npm installed for this platform. */
export function anvilBinary(): string {
  const require = createRequire(import.meta.url)
  const platform = process.platform === 'win32' ? 'win32' : process.platform
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch
  const manifest = require.resolve(`@foundry-rs/anvil-${platform}-${architecture}/package.json`)
  return join(manifest, '..', 'bin', process.platform === 'win32' ? 'anvil.exe' : 'anvil')
}
