import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const MAC = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'

/** Path of a browser of this machine. @throws when there is none, with what to do */
export function findChromium(): string {
  const named = process.env['ZKNODE_CHROMIUM']
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const found = named ?? [...NAMES.flatMap((name) => folders.map((folder) => join(folder, name))), MAC].find(existsSync)
  if (found !== undefined) return found
  throw new Error('No browser: install Chromium (Debian: apt-get install chromium), or name one in ZKNODE_CHROMIUM.')
}
