import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const MAC = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'
const INSTALL = fileURLToPath(new URL('installChromium.sh', import.meta.url))

/** Path of a browser of this machine; root, as in a container, has Debian's installed. @throws with what to do */
export async function obtainChromium(): Promise<string> {
  const found = process.env['ZKNODE_CHROMIUM'] ?? find()
  if (found !== undefined) return found
  if (process.getuid?.() === 0) await promisify(execFile)('bash', [INSTALL]).catch(() => {}) // there may be no apt-get
  const installed = find()
  if (installed !== undefined) return installed
  throw new Error('No browser: install Chromium (Debian: apt-get install chromium), or name one in ZKNODE_CHROMIUM.')
}

function find(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return [...NAMES.flatMap((name) => folders.map((folder) => join(folder, name))), MAC].find(existsSync)
}
