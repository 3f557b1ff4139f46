import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { readRoles } from '#cli/run/roles.ts'
import { runCommand } from '#cli/runCommand.ts'
import { loadNodeFile, loadProverConfig } from '#config/load.ts'

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const textOf = (name: string) => readFileSync(here(name), 'utf8')

type Service = { image: string; command?: string[]; ports?: string[] }
const { services } = parse(textOf('compose.yaml'), { merge: true }) as { services: Record<string, Service> }
const ours = Object.entries(services).filter(([, { image }]) => image === 'zknode')
const example = () => loadNodeFile(here('zknode.example.yaml'), {}).config

/** Options of `zknode run`, each with what follows it. */
function readRun([command, ...words]: readonly string[]): Map<string, string> {
  expect(command).toBe('run')
  const run = runCommand().exitOverride()
  run.parseOptions([...words])
  const given = new Map<string, string>()
  for (const [index, word] of words.entries()) if (word.startsWith('--')) given.set(word, words[index + 1] ?? '')
  const known = run.options.map(({ long }) => long)
  for (const name of given.keys()) expect(known).toContain(name)
  return given
}

test('the example is a configuration, also for a prover alone', () => {
  expect(example().network.name).toBe('my-rollup')
  expect(() =>
    loadProverConfig(here('zknode.example.yaml'), { DATABASE_URL: 'postgres://postgres/zknode' }),
  ).not.toThrow()
})

test('compose starts every role that the example has something to do for, each in a container', () => {
  const roles = ours.map(([name, { command = [] }]) => {
    const role = readRun(command).get('--roles')
    expect(role).toBe(name)
    return role
  })
  expect(roles.sort()).toEqual([...readRoles(undefined, example())].sort())
})

test('the systemd unit calls the command as it is', () => {
  const line = /^ExecStart=\S+zknode\.mjs (.*)$/m.exec(textOf('systemd/zknode@.service'))![1]!
  const given = readRun(line.split(' '))
  expect([...given.keys()].sort()).toEqual(['--config', '--data-dir', '--print-logs', '--roles'])
  const named = /Roles: (.*)\.$/m.exec(textOf('systemd/zknode@.service'))![1]!.split(', ')
  const config = example()
  const open = { ...config, aggregator: { ...config.aggregator, grpc: { ...config.aggregator.grpc, enabled: true } } }
  expect(named.sort()).toEqual([...readRoles(undefined, open)].sort())
})

test('the image has what the command needs, and leaves out what it does not', () => {
  const left = textOf('../.dockerignore').split('\n').filter(Boolean)
  for (const room of ['cli', 'workers', 'api', 'db', 'temporal-dev.yaml', 'tsconfig.json'])
    expect(left).not.toContain(room)
  const [, engine] = /"node": ">=(\d+)/.exec(textOf('../package.json'))!
  expect(textOf('../Dockerfile').match(/^FROM node:(\d+)/gm)).toEqual(Array(2).fill(`FROM node:${engine}`))
})
