import { z } from 'zod'
import { filePath, kind, milliseconds } from './options.ts'

const KINDS = 'env:NAME, file:PATH or keystore:PATH'
const NEVER_HERE = 'keys never stand in the file itself'

/** Where a private key comes from, that this process has to hold itself. */
export const keyReference = z
  .string()
  .refine((text) => !text.startsWith('signer:'), {
    error: `must be ${KINDS}: a remote signer has no method for this use`,
    abort: true,
  })
  .regex(/^(env|file|keystore):.+$/, `must be ${KINDS}; ${NEVER_HERE}`)
  .meta(kind('secret'))

/** Where the key of an L1 account comes from, or which account of the remote signer it is. */
export const l1KeyReference = z
  .string()
  .regex(
    /^((env|file|keystore):.+|signer:0x[0-9a-fA-F]{40})$/,
    `must be ${KINDS}, or signer:0xADDRESS for a remote signer; ${NEVER_HERE}`,
  )
  .meta(kind('secret'))

export const keysSchema = z
  .strictObject({
    sequencer: l1KeyReference.optional().describe("Sends sequences; is the rollup's trusted sequencer."),
    aggregator: l1KeyReference.optional().describe('Sends verifications; has the trusted aggregator role.'),
    attester: keyReference
      .optional()
      .describe('Signs attestations of the embedded prover. A remote signer cannot: it has no method for them.'),
    passwordFile: filePath
      .optional()
      .describe('File with the password of all keystores. The variable ZKNODE_KEYSTORE_PASSWORD when left out.'),
  })
  .prefault({})
  .describe(
    'Private keys by reference: env:NAME, file:PATH, keystore:PATH (encrypted keystore v3, made by `zknode keys new` or ' +
      '`zknode keys import`), or signer:0xADDRESS for a key that the remote signer holds.',
  )

const signerTlsSchema = z
  .strictObject({
    caFile: filePath.optional().describe("PEM file of the authority of the signer's certificate; the system's else."),
    certFile: filePath.optional().describe('PEM file of the certificate by which the signer knows this node.'),
    keyFile: filePath.optional().describe('PEM file of the key of certFile.'),
  })
  .refine(({ certFile, keyFile }) => (certFile === undefined) === (keyFile === undefined), {
    error: 'certFile and keyFile belong together',
  })
  .prefault({})
  .describe('For an https:// URL.')

export const signerSchema = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' })
      .meta(kind('url'))
      .optional()
      .describe('JSON-RPC of a web3signer in its mode eth1. Its option --chain-id has to be that of L1.'),
    requestTimeoutMs: milliseconds.default(10_000).describe('How long it may take to sign.'),
    tls: signerTlsSchema,
  })
  .prefault({})
  .describe('The remote signer that holds the keys given as signer:0xADDRESS.')

const KEY_NAMES = ['sequencer', 'aggregator', 'attester'] as const

export type KeysConfig = z.output<typeof keysSchema>
export type SignerConfig = z.output<typeof signerSchema>

/** A key that a remote signer holds needs one. */
export function checkSigner(
  { keys, signer }: { keys: KeysConfig; signer: SignerConfig },
  context: z.RefinementCtx,
): void {
  const held = KEY_NAMES.find((name) => keys[name]?.startsWith('signer:'))
  if (held === undefined || signer.url !== undefined) return
  context.addIssue({ code: 'custom', path: ['signer', 'url'], message: `set it: keys.${held} is ${keys[held]}` })
}
