/** A file for a tar archive. `name` is relative and has at most 100 bytes. */
export interface TarFile {
  readonly name: string
  readonly data: Uint8Array
  readonly mode: number
}

const blockBytes = 512
const encoder = new TextEncoder()

/** A tar archive (POSIX.1-1988, ustar) of files that belong to root and are as old as time. */
export function tarOf(files: readonly TarFile[]): Uint8Array {
  const sizes = files.map(({ data }) => blockBytes + Math.ceil(data.length / blockBytes) * blockBytes)
  // Two empty blocks end it.
  const archive = new Uint8Array(sizes.reduce((sum, size) => sum + size, 2 * blockBytes))
  let at = 0
  for (const [i, file] of files.entries()) {
    archive.set(headOf(file), at)
    archive.set(file.data, at + blockBytes)
    at += sizes[i] ?? 0
  }
  return archive
}

function headOf({ name, data, mode }: TarFile): Uint8Array {
  const head = new Uint8Array(blockBytes)
  const text = (at: number, value: string): void => head.set(encoder.encode(value), at)
  const octal = (at: number, digits: number, value: number): void => text(at, value.toString(8).padStart(digits, '0'))
  text(0, name)
  octal(100, 7, mode)
  octal(108, 7, 0) // owner
  octal(116, 7, 0) // group
  octal(124, 11, data.length)
  octal(136, 11, 0) // time
  text(148, ' '.repeat(8)) // the checksum counts as spaces while it is summed up
  text(156, '0') // an ordinary file
  text(257, 'ustar\u000000')
  const sum = head.reduce((total, byte) => total + byte, 0)
  text(148, `${sum.toString(8).padStart(6, '0')}\u0000 `)
  return head
}
