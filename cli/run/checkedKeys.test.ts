import { expect, test, vi } from 'vitest'
import { signerSchema } from '#config/keys.ts'
import { assertKeys } from './checkedKeys.ts'

const held = `signer:0x${'11'.repeat(20)}`
const signer = signerSchema.parse({ url: 'http://127.0.0.1:1' })
vi.stubEnv('ZKNODE_TEST_KEY', `0x${'11'.repeat(32)}`)

test('keys of the roles are read before anything starts; a remote signer may be away', async () => {
  const keys = { sequencer: held, aggregator: 'env:ZKNODE_TEST_KEY' }
  await assertKeys({ keys, signer }, ['workflows', 'api'])
  await assertKeys({ keys: {}, signer }, ['follower', 'api'])
})

test('each that cannot be read is named', async () => {
  const keys = { sequencer: 'env:ZKNODE_NO_KEY', attester: 'env:ZKNODE_TEST_KEY' }
  const failure = await assertKeys({ keys, signer }, ['workflows', 'prover']).catch((error: Error) => error)
  expect(failure).toMatchObject({ name: 'ConfigError' })
  const { message } = failure as Error
  expect(message).toContain('\n  keys.sequencer: the variable ZKNODE_NO_KEY is not set')
  expect(message).toContain('\n  keys.aggregator: is not set')
  expect(message).not.toContain('keys.attester')
})
