import { DeviceError, type Engine, type Files, type Container as Seen } from '../host/host.ts'
import type { Pod } from '../objects/types.ts'
import { attemptsOf, labels } from './labels.ts'
import type { PodMemory } from './memory.ts'
import { lastWordsPath } from './volumes.ts'

/** As Kubernetes has it: of the file, and of the output in its place. */
const wordsBytesMax = 4096
const outputBytesMax = 2048
const outputLinesMax = 80

/** With the last words of containers that have ended since, each read once; those of containers that are gone are forgotten. */
export async function withLastWords(
  pod: Pod,
  containers: readonly Seen[],
  memory: PodMemory,
  { files, engine }: { readonly files: Files; readonly engine: Engine },
  signal: AbortSignal,
): Promise<PodMemory> {
  const all = [...(pod.spec.initContainers ?? []), ...pod.spec.containers]
  const messages: Record<string, string> = {}
  let news = false
  for (const { name, terminationMessagePolicy } of all) {
    const ended = attemptsOf(name, containers).filter(({ seen }) => seen.state === 'exited')
    for (const { attempt, seen } of ended.slice(-2)) {
      const known = memory.messages[seen.id]
      news ||= known === undefined
      messages[seen.id] = known ?? (await words(seen, attempt, terminationMessagePolicy === 'FallbackToLogsOnError'))
    }
  }
  return news ? { ...memory, messages } : memory

  async function words(seen: Seen, attempt: number, orOutput: boolean): Promise<string> {
    const path = lastWordsPath(files.root, pod.metadata.uid ?? '', seen.labels[labels.container] ?? '', attempt)
    try {
      const said = text(await files.read(path, wordsBytesMax))
      return said === '' && orOutput && seen.exitCode !== 0 ? await output(seen.id) : said
    } catch (cause) {
      // What cannot be read is not said; the container has ended all the same.
      if (cause instanceof DeviceError) return ''
      throw cause
    }
  }

  async function output(id: string): Promise<string> {
    let kept = new Uint8Array()
    for await (const { data } of engine.logs(id, { follow: false, tail: outputLinesMax, timestamps: false }, signal)) {
      const whole = new Uint8Array(kept.length + data.length)
      whole.set(kept)
      whole.set(data, kept.length)
      kept = whole.slice(-outputBytesMax)
    }
    return text(kept)
  }
}

const decoder = new TextDecoder()

function text(bytes: Uint8Array | null): string {
  return bytes === null ? '' : decoder.decode(bytes)
}
