import { expect, test } from 'vitest'
import { suggestOption } from './unknownOption.ts'

test.each([
  ['network.rolupId', 'did you mean network.rollupId?'],
  ['network.contracts.rollupmanager', 'did you mean network.contracts.rollupManager?'],
  ['squencer', 'did you mean sequencer?'],
  ['sequencer.verifyIntervalMs', 'it stands in another place: aggregator.verifyIntervalMs'],
  ['batchMaxMs', 'it stands in another place: sequencer.batchMaxMs'],
  ['pool.maxBatches', 'it stands in another place: sequenceSender.maxBatches or aggregator.maxBatches'],
  ['log.namespace', 'it stands in another place: temporal.namespace'],
  ['ops.portt', 'did you mean ops.port?'],
  ['pool.safetag', 'did you mean rpc.safeTag?'],
  ['pool.somethingElseAltogether', undefined],
])('%s: %s', (option, suggestion) => {
  expect(suggestOption(option.split('.'))).toBe(suggestion)
})
