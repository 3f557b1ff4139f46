import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { cacheFolder } from '#devnet/temporalBinary.ts'

const run = promisify(execFile)
const here = fileURLToPath(new URL('.', import.meta.url))

/** Interpreter of an environment with the Python packages that client.py needs. */
export async function installPython(): Promise<string> {
  const requirements = join(here, 'python', 'requirements.txt')
  const folder = await installOnce('python', requirements, async (target) => {
    await run('python3', ['-m', 'venv', '--copies', target])
    await run(join(target, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', '--requirement', requirements])
  })
  return join(folder, 'bin', 'python')
}

/** Folder of the Hardhat project with its packages. */
export async function installHardhat(): Promise<string> {
  const source = join(here, 'hardhat')
  return await installOnce('hardhat', join(source, 'package-lock.json'), async (target) => {
    cpSync(join(source, 'package.json'), join(target, 'package.json'))
    cpSync(join(source, 'package-lock.json'), join(target, 'package-lock.json'))
    await run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: target })
  })
}

/** Kept for the user, by what the manifest says; put in place as a whole, so that runs beside each other do not meet. */
async function installOnce(
  name: string,
  manifest: string,
  install: (target: string) => Promise<void>,
): Promise<string> {
  const version = createHash('sha256').update(readFileSync(manifest)).update(process.version).digest('hex').slice(0, 12)
  const place = join(cacheFolder(), `client-${name}-${version}`)
  if (existsSync(place)) return place
  mkdirSync(cacheFolder(), { recursive: true })
  const target = mkdtempSync(`${place}.`)
  try {
    await install(target)
    renameSync(target, place)
  } catch (error) {
    if (!existsSync(place)) throw error
  } finally {
    rmSync(target, { recursive: true, force: true })
  }
  return place
}
