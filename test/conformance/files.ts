import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Files, ProjectedFile } from '../../src/host/host.ts'

/** What the suite needs beside a files device: the eyes and hands of a container. */
export interface FilesFixture {
  readonly files: Files
  /** What is read there, links followed; null when there is nothing. */
  text(path: string): Promise<string | null>
  /** Puts a link there. */
  link(path: string, target: string): Promise<void>
  close(): Promise<void>
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const file = (name: string, text: string, mode = 0o644): ProjectedFile => ({ name, data: bytes(text), mode })

/** The contract of `Files`, one suite for the real and the simulated one. */
export function filesSuite(name: string, setUp: () => Promise<FilesFixture>): void {
  describe(`files: ${name}`, () => {
    let fixture: FilesFixture
    let files: Files
    let made = 0
    /** A folder of the test's own, which is not there yet. */
    const fresh = (): string => `${files.root}/test-${++made}`

    beforeAll(async () => {
      fixture = await setUp()
      files = fixture.files
    })
    afterAll(() => fixture.close())

    /** Names in a folder, without those that a projection keeps for itself. */
    async function names(path: string): Promise<readonly string[]> {
      return (await files.list(path)).filter((each) => !each.startsWith('..'))
    }

    it('makes folders with those above them, and knows what is where', async () => {
      const path = `${fresh()}/a/b`
      expect(await files.look(path)).toBeNull()
      await files.makeFolder(path, 0o777)
      await files.makeFolder(path, 0o700)
      expect(await files.look(path)).toBe('folder')
      await files.writeFile(`${path}/f`, bytes('x'), 0o600)
      expect(await files.look(`${path}/f`)).toBe('file')
      expect(await files.list(path)).toEqual(['f'])
      expect(await files.list(`${path}/none`)).toEqual([])
      await expect(files.makeFolder(`${path}/f/g`, 0o700)).rejects.toMatchObject({
        name: 'DeviceError',
        code: 'failed',
      })
    })

    it('writes a file whole, again into the same one, and reads its beginning', async () => {
      const path = `${fresh()}/words`
      expect(await files.read(path, 100)).toBeNull()
      await files.writeFile(path, bytes('a longer text'), 0o666)
      await files.writeFile(path, bytes('short'), 0o666)
      expect(await fixture.text(path)).toBe('short')
      expect(await files.read(path, 3)).toEqual(bytes('sho'))
    })

    it('does not read through a link', async () => {
      const folder = fresh()
      await files.writeFile(`${folder}/secret`, bytes('x'), 0o600)
      await fixture.link(`${folder}/words`, `${folder}/secret`)
      expect(await files.read(`${folder}/words`, 100)).toBeNull()
    })

    it('projects exactly these files, and others in their place', async () => {
      const path = fresh()
      await files.project(path, [file('a', '1'), file('d/b', '2')])
      expect(await names(path)).toEqual(['a', 'd'])
      expect(await fixture.text(`${path}/d/b`)).toBe('2')
      await files.project(path, [file('a', '3'), file('c', '4')])
      expect(await names(path)).toEqual(['a', 'c'])
      expect([await fixture.text(`${path}/a`), await fixture.text(`${path}/d/b`)]).toEqual(['3', null])
      await files.project(path, [])
      expect(await names(path)).toEqual([])
    })

    it('projects again what is the same', async () => {
      const path = fresh()
      await files.project(path, [file('a', '1', 0o600)])
      const before = await files.list(path)
      await files.project(path, [file('a', '1', 0o600)])
      expect(await files.list(path)).toEqual(before)
      expect(await fixture.text(`${path}/a`)).toBe('1')
    })

    it('makes a folder in memory, or says that it could not', async () => {
      const path = fresh()
      const where = await files.makeMemoryFolder(path, 0o777, 1 << 20)
      expect(['memory', 'disk']).toContain(where)
      expect(await files.makeMemoryFolder(path, 0o777, 1 << 20)).toBe(where)
      await files.writeFile(`${path}/f`, bytes('x'), 0o600)
      expect(await files.look(`${path}/f`)).toBe('file')
    })

    it('finds a part of what it alone writes', async () => {
      const path = fresh()
      await files.project(path, [file('a/b', '1')])
      expect(await fixture.text(await files.pin(path, 'a/b', null))).toBe('1')
    })

    it('removes a tree, its links but not what they lead to, and what is gone is no error', async () => {
      const [path, other] = [fresh(), fresh()]
      await files.writeFile(`${path}/a/b`, bytes('x'), 0o400)
      await files.writeFile(`${other}/kept`, bytes('x'), 0o600)
      await fixture.link(`${path}/out`, other)
      await files.makeMemoryFolder(`${path}/memory`, 0o700, null)
      await files.removeTree(path)
      await files.removeTree(path)
      expect(await files.look(path)).toBeNull()
      expect(await files.look(`${other}/kept`)).toBe('file')
    })
  })
}
