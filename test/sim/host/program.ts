/** What a container's command line does when it runs. */
export type SimProgram = (words: readonly string[]) => SimBehaviour

export interface SimBehaviour {
  /** It cannot run at all, and the engine says why. */
  readonly refusal?: string
  /** It ends by itself after this; absent: never. */
  readonly endsAfterMs?: number
  readonly exitCode?: number
  /** What it prints, and when after its start. */
  readonly prints?: readonly SimPrint[]
  /** It prints a line so often, numbered from 1, as long as it runs. */
  readonly chattersEveryMs?: number
  /** On SIGTERM: dies of it (143), ends in order (0), or takes no notice. */
  readonly onTerm?: 'dies' | 'exits' | 'ignores'
}

export interface SimPrint {
  readonly afterMs: number
  readonly stream: 'stdout' | 'stderr'
  readonly text: string
}

/** What `serve` says. */
export const firstWords = 'serving\n'
const said = { stream: 'stdout', text: firstWords } as const

/** A shell is quick; but what comes after something is later. */
const stepMs = 0.1

/**
 * A few words of a shell: `true`, `false`, `sleep 3`, `exit 4`, `echo text`, `echo text >&2`, `trap '' TERM`, joined by `;`
 * or `&&`, with or without `sh -c`. Anything else runs for ever; `serve` says so first, `chatter 100` prints a line every
 * 100 ms meanwhile.
 */
export const shellProgram: SimProgram = (words) => {
  if (words.some((word) => /no[-/]such/.test(word))) {
    return { refusal: `exec: "${words[0]}": executable file not found in $PATH: unknown` }
  }
  const line = words.filter((word) => !/^(\/bin\/)?(sh|-c|busybox)$/.test(word)).join(' ')
  const onTerm = /trap ('' |"" )/.test(line) ? 'ignores' : /trap /.test(line) ? 'exits' : 'dies'
  let endsAfterMs = 1
  const prints: SimPrint[] = []
  for (const step of line.split(/;|&&/).map((part) => part.trim())) {
    const [name, argument] = step.split(/\s+/)
    endsAfterMs += stepMs
    if (name === 'exit') return { endsAfterMs, exitCode: Number(argument ?? 0), onTerm, prints }
    if (name === 'false') return { endsAfterMs, exitCode: 1, onTerm, prints }
    if (name === 'sleep' && argument !== undefined && /^[0-9.]+$/.test(argument)) endsAfterMs += Number(argument) * 1000
    else if (name === 'echo') prints.push(printOf(step, endsAfterMs))
    else if (name === 'chatter') return { onTerm, prints, chattersEveryMs: Number(argument) }
    else if (name === 'serve') return { onTerm, prints: [...prints, { ...said, afterMs: endsAfterMs }] }
    else if (name !== 'true' && name !== 'trap') return { onTerm, prints }
  }
  return { endsAfterMs: endsAfterMs + stepMs, exitCode: 0, onTerm, prints }
}

function printOf(step: string, afterMs: number): SimPrint {
  const words = step.replace(/^echo ?/, '')
  const toStderr = words.endsWith('>&2')
  return { afterMs, stream: toStderr ? 'stderr' : 'stdout', text: `${words.replace(/ ?>&2$/, '')}\n` }
}
