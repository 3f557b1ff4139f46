import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { Contract, ContractFactory, type Wallet } from 'ethers'

const SOURCE = `
// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;
contract Forwarder {
  struct Call { address target; bytes data; }
  function all(Call[] calldata calls) external {
    for (uint256 i = 0; i < calls.length; i++) {
      (bool success, bytes memory result) = calls[i].target.call(calls[i].data);
      if (!success) assembly { revert(add(result, 32), mload(result)) }
    }
  }
  function some(Call[] calldata calls) external {
    for (uint256 i = 0; i < calls.length; i++) { (bool ignored,) = calls[i].target.call(calls[i].data); ignored; }
  }
}`

/** A contract that makes several calls in one transaction: `all` or none, or `some`, whatever becomes of the others. */
export async function createForwarder(signer: Wallet): Promise<Contract> {
  const solc = createRequire(import.meta.url)('solc') as { compile: (input: string) => string }
  const settings = { evmVersion: 'berlin', outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } } }
  const input = { language: 'Solidity', sources: { 'Forwarder.sol': { content: SOURCE } }, settings }
  const { abi, evm } = JSON.parse(solc.compile(JSON.stringify(input))).contracts['Forwarder.sol'].Forwarder
  const created = await new ContractFactory(abi, evm.bytecode.object, signer).deploy()
  await created.waitForDeployment()
  return new Contract(await created.getAddress(), abi, signer)
}

/** An endpoint in front of another that lacks some methods. */
export async function startLackingEndpoint(url: string, lacks: RegExp): Promise<{ url: string; stop: () => void }> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks).toString()
    const { id, method } = JSON.parse(body)
    response.setHeader('content-type', 'application/json')
    if (lacks.test(method)) {
      response.end(JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32601, message: 'Method not found' } }))
      return
    }
    const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    response.end(await answer.text())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, stop: () => server.close() }
}
