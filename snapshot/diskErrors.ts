import { SnapshotDiskError } from './errors.ts'

const FULL = new Set(['ENOSPC', 'EDQUOT'])
const REFUSED = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EISDIR', 'EEXIST', 'ENOENT', 'EIO', 'EMFILE'])

/** Tells what the file system says of the folder as such. @throws {SnapshotDiskError} */
export async function withDiskErrors<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const { code = '', syscall, message } = error as NodeJS.ErrnoException
    if (syscall === undefined || syscall === 'connect') throw error
    const options = { cause: error, facts: { folder, error: message } }
    if (FULL.has(code)) throw new SnapshotDiskError('The disk of the snapshot is full.', options)
    if (REFUSED.has(code)) throw new SnapshotDiskError('The folder of the snapshot cannot be used.', options)
    throw error
  }
}
