import { existsSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Command, Option } from 'commander'
import { stringify } from 'yaml'
import { NodeError } from '#common/errors.ts'
import { configJsonSchema } from '#config/catalogue.ts'
import { loadNodeFile } from '#config/load.ts'
import { PRESETS, type PresetName, readPreset } from '#config/presets.ts'
import { redactConfig } from '#config/redact.ts'
import { renderTemplate } from '#config/template.ts'
import { type Place, withConfig } from './nodeConfig.ts'
import { note, type Printed, print, withJson } from './output.ts'

/** The file cannot be written; the message says why. */
export class ConfigFileError extends NodeError {
  override readonly name = 'ConfigFileError'
}

/** `zknode config`: the configuration file and what it means. */
export const configCommand = () =>
  new Command('config')
    .description('Make, show and describe the configuration file: docs/configuration.md.')
    .addCommand(initCommand())
    .addCommand(printCommand())
    .addCommand(schemaCommand())

type InitOptions = { preset?: PresetName; out: string }

const initCommand = () =>
  new Command('init')
    .description('Write a configuration file with every option and its text.')
    .addOption(
      new Option(
        '--preset <name>',
        'network whose facts are filled in; local is a second node beside that of `zknode devnet`; none when left out',
      ).choices(PRESETS),
    )
    .option('--out <file>', 'where to; an existing file is not touched', 'zknode.yaml')
    .action(({ preset: name, out }: InitOptions) => {
      const preset = readPreset(name, resolve(out))
      writeNew(out, renderTemplate(preset))
      note(`${out} is written: ${preset.title}.`)
      if (preset.needed.length > 0) note(`Fill in ${preset.needed.join(', ')}.`)
      const genesisFile = preset.values.network?.genesisFile
      if (genesisFile !== undefined && !existsSync(resolve(dirname(out), genesisFile)))
        note(`Put the network's genesis beside it, as ${genesisFile}.`)
      note(`Then: zknode check --config ${out} && zknode run --config ${out}`)
    })

const printCommand = () =>
  withJson(withConfig(new Command('print'), 'which is shown'))
    .description('Print what holds, after variables and defaults; passwords and keys of providers are hidden.')
    .action(({ config: path, json }: Place & Printed) => {
      const shown = redactConfig(loadNodeFile(path).config)
      print(shown, () => stringify(shown).trimEnd().split('\n'), { json: json ?? false })
    })

const schemaCommand = () =>
  new Command('schema')
    .description('Print the JSON Schema of the configuration file, for editors.')
    .action(() => print(configJsonSchema(), () => [], { json: true }))

function writeNew(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx' })
  } catch (cause) {
    const exists = (cause as NodeJS.ErrnoException).code === 'EEXIST'
    const reason = exists ? 'it exists: name another with --out, or move it away' : (cause as Error).message
    throw new ConfigFileError('The file is not written.', { cause, facts: { path, reason } })
  }
}
