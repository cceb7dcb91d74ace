import { spawn } from 'node:child_process'
import { delimiter } from 'node:path'

/** What a person did wrong or has to do something about: one line, and what to do next. */
export class HostsError extends Error {
  override readonly name = 'HostsError'
  readonly hint: string
  constructor(message: string, hint: string) {
    super(message)
    this.hint = hint
  }
}

/** Where administrators' commands lie is not on everybody's path. */
export const commandPath = [process.env.PATH ?? '', '/usr/local/sbin', '/usr/sbin', '/sbin'].join(delimiter)

/** Runs a command of this machine to its end; its output. Rejects with all that it said. */
export function command(file: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    // Apart from the terminal: Ctrl-C is for us, and must not break off what removes things.
    const child = spawn(file, args, { stdio: 'pipe', detached: true, env: { ...process.env, PATH: commandPath } })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk
    })
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk
    })
    // It may end without reading; what it says then is what counts.
    child.stdin.on('error', () => undefined)
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (code === 0) resolve(stdout)
      else reject(new Error(`${[file, ...args].join(' ')}: ${stderr.trim() || `ended with ${code ?? signal}`}`))
    })
    child.stdin.end(input)
  })
}

/** Several `ip` commands in one namespace (null: the machine's own), all in one process; stops at the first that fails. */
export async function ip(namespace: string | null, lines: readonly string[]): Promise<void> {
  await command('ip', [...(namespace === null ? [] : ['-n', namespace]), '-batch', '-'], `${lines.join('\n')}\n`)
}

/** What `ip -json` says. */
export async function ipAsk<T>(namespace: string | null, args: readonly string[]): Promise<T> {
  const said = await command('ip', [...(namespace === null ? [] : ['-n', namespace]), '-json', ...args])
  return JSON.parse(said === '' ? '[]' : said) as T
}
