import { Connection } from '@temporalio/client'
import { expect, test } from 'vitest'
import { createTestNamespace } from '#test/temporal.ts'
import { ensureNamespace, readTemporalSettings } from './temporalServer.ts'

test('each call gives a namespace of its own with the search attributes of temporal-dev.yaml', async () => {
  const { address, namespace } = await createTestNamespace()
  expect((await createTestNamespace()).namespace).not.toBe(namespace)
  const { searchAttributes } = readTemporalSettings()
  const connection = await Connection.connect({ address })
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace })
  expect(Object.keys(customAttributes ?? {})).toEqual(expect.arrayContaining(Object.keys(searchAttributes)))
  await ensureNamespace(connection, namespace, searchAttributes) // a second time changes nothing
  await connection.close()
})
