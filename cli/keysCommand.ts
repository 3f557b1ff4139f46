import { Command } from 'commander'
import { Wallet } from 'ethers'
import { PASSWORD_VARIABLE } from '#config/secrets.ts'
import type { Hex } from '#protocol/primitives.ts'
import { assertFree, type KeystoreFile, listKeystores, writeKeystore } from './keys/keystoreFiles.ts'
import { enterPassword, enterPrivateKey } from './keys/secretInput.ts'
import { type Printed, print, withJson } from './output.ts'

type MakeOptions = Printed & { passwordFile?: string; keyFile?: string }

/** `zknode keys`: encrypted keystores for `keys` of the configuration. */
export const keysCommand = () =>
  new Command('keys')
    .description('Make, import and list encrypted keystores (v3) for the keys of the node: docs/keys.md.')
    .addCommand(
      making('new')
        .description('Make a new key. It is in the keystore alone: keep a copy of file and password.')
        .action((file: string, options: MakeOptions) =>
          make(file, options, async () => Wallet.createRandom().privateKey),
        ),
    )
    .addCommand(
      making('import')
        .description('Encrypt a key that there is: from a file, else from standard input, else asked for.')
        .option('--key-file <file>', 'file with the private key in hex')
        .action((file: string, options: MakeOptions) => make(file, options, () => enterPrivateKey(options.keyFile))),
    )
    .addCommand(
      withJson(new Command('list'))
        .description('Addresses of the keystores in a folder.')
        .argument('<folder>')
        .action((folder: string, options: Printed) => {
          const found = listKeystores(folder)
          print(found, () => found.map(({ address, file }) => `${address}  ${file}`), options)
        }),
    )

const making = (name: string) =>
  withJson(new Command(name))
    .argument('<file>', 'keystore to write')
    .option('--password-file <file>', `its password; $${PASSWORD_VARIABLE} when left out, else it is asked for`)

async function make(file: string, options: MakeOptions, findKey: () => Promise<string>): Promise<void> {
  assertFree(file)
  const privateKey = (await findKey()) as Hex
  const made = await writeKeystore(file, privateKey, await enterPassword(options.passwordFile))
  print(made, () => describe(made), options)
}

const describe = ({ address, file }: KeystoreFile) => [
  address,
  `In the configuration: keystore:${file}, its password in keys.passwordFile or the variable ${PASSWORD_VARIABLE}.`,
]
