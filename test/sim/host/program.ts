/** What a container's command line does when it runs. */
export type SimProgram = (words: readonly string[]) => SimBehaviour

export interface SimBehaviour {
  /** It cannot run at all, and the engine says why. */
  readonly refusal?: string
  /** It ends by itself after this; absent: never. */
  readonly endsAfterMs?: number
  readonly exitCode?: number
  /** On SIGTERM: dies of it (143), ends in order (0), or takes no notice. */
  readonly onTerm?: 'dies' | 'exits' | 'ignores'
}

/** A few words of a shell: `true`, `false`, `sleep 3`, `exit 4`, `trap '' TERM`, joined by `;` or `&&`, with or without `sh -c`; anything else runs for ever. */
export const shellProgram: SimProgram = (words) => {
  if (words.some((word) => /no[-/]such/.test(word))) {
    return { refusal: `exec: "${words[0]}": executable file not found in $PATH: unknown` }
  }
  const line = words.filter((word) => !/^(\/bin\/)?(sh|-c|busybox)$/.test(word)).join(' ')
  const onTerm = /trap ('' |"" )/.test(line) ? 'ignores' : /trap /.test(line) ? 'exits' : 'dies'
  let endsAfterMs = 1
  for (const step of line.split(/;|&&/).map((part) => part.trim())) {
    const [name, argument] = step.split(/\s+/)
    if (name === 'exit') return { endsAfterMs, exitCode: Number(argument ?? 0), onTerm }
    if (name === 'false') return { endsAfterMs, exitCode: 1, onTerm }
    if (name === 'sleep' && argument !== undefined && /^[0-9.]+$/.test(argument)) endsAfterMs += Number(argument) * 1000
    else if (name !== 'true' && name !== 'echo' && name !== 'trap') return { onTerm }
  }
  return { endsAfterMs, exitCode: 0, onTerm }
}
