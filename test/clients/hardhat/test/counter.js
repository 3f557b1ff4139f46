const assert = require('node:assert')
const { ethers } = require('hardhat')

describe('Counter', () => {
  let counter, owner, stranger

  before(async () => {
    ;[owner, stranger] = await ethers.getSigners()
    counter = await ethers.deployContract('Counter')
    await counter.waitForDeployment()
  })

  it('belongs to its deployer', async () => {
    assert.equal(await counter.owner(), owner.address)
  })

  it('counts and tells', async () => {
    const receipt = await (await counter.connect(stranger).increment()).wait()
    const [event] = await counter.queryFilter(counter.filters.Counted(stranger.address), receipt.blockNumber)
    assert.equal(event.args.count, 1n)
    assert.equal(await counter.count(), 1n)
  })

  it('refuses others with its own error', async () => {
    await assert.rejects(counter.connect(stranger).set.staticCall(9), ({ data }) => counter.interface.parseError(data).name === 'NotOwner')
  })

  it('refuses with a reason, when estimating too', async () => {
    await assert.rejects(counter.set(0), /only upwards/)
  })

  it('sets', async () => {
    await (await counter.set(7)).wait()
    assert.equal(await counter.count(), 7n)
  })
})
