/** What `skein` ends with, so that scripts and supervisors need not read its words; `skein help` lists them. */
export const exitCodes = {
  ok: 0,
  /** A fault that has no code of its own: starting again may help. */
  failed: 1,
  /** A flag, an argument or the config file is wrong: starting again will not help. */
  usage: 2,
  /** The data directory is unreadable, foreign, damaged, emptied or in use. */
  data: 3,
  /** A port that the daemon needs is taken. */
  port: 4,
  /** The container engine does not answer. */
  engine: 5,
  /** The token is malformed, unknown or expired. */
  token: 6,
  /** The other side is not the cluster that the token or kubeconfig names. */
  untrusted: 7,
  /** Nobody answers at the address. */
  unreachable: 8,
  /** The cluster refuses: the name is taken, the request is not allowed. */
  refused: 9,
  /** No leader with a majority: the cluster takes no writes. */
  quorum: 10,
  /** A bug in skein: the daemon stopped rather than go on wrong. */
  bug: 70,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** A command that cannot be done: one line that says why, one that says what to do next. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly code: ExitCode
  readonly hint: string
  constructor(code: ExitCode, message: string, hint: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.hint = hint
  }
}

/** What the system said of a file, in words. */
export function fileProblem(error: unknown): string {
  const { code, message } = ((error as Error).cause ?? error) as { code?: string; message: string }
  const words: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such file',
    EACCES: 'it is not open to this user',
    EPERM: 'it is not open to this user',
    EISDIR: 'it is a directory',
    ENOTDIR: 'part of its path is not a directory',
    EROFS: 'its file system is read-only',
    ENOSPC: 'the disk is full',
  }
  return words[code ?? ''] ?? message
}
