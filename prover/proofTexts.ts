import { type ObjectStore, proofKey } from './objectStore.ts'

/** The first text of a name stays, whoever made it. Returns what is stored. */
export async function putProofText(objects: ObjectStore, proofId: string, text: string): Promise<string> {
  return decode(await objects.put(proofKey(proofId), new TextEncoder().encode(text)))
}

/** @throws {ObjectNotFoundError} */
export async function getProofText(objects: ObjectStore, proofId: string): Promise<string> {
  return decode(await objects.get(proofKey(proofId)))
}

const decode = (content: Uint8Array): string => new TextDecoder().decode(content)
