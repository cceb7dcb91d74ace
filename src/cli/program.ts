import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { tokenLifetimeMs } from '../auth/tokens.ts'
import { CommandError, exitCodes } from './exit.ts'
import { join } from './join.ts'
import { type AccessFlags, kubeconfig } from './kubeconfig.ts'
import { isAddress, isDnsLabel, labelProblem, parseDuration } from './names.ts'
import { defaults, type NodeFlags } from './settings.ts'
import { status } from './status.ts'
import { newPaint } from './text.ts'
import { createToken, deleteToken, listTokens } from './token.ts'
import { up } from './up.ts'
import type { World } from './world.ts'

/** Runs one command line, without program and script name; the exit code. Never rejects but for a bug. */
export async function runCommand(words: readonly string[], world: World): Promise<number> {
  let code: number = exitCodes.ok
  const program = newProgram(world, (ended) => {
    code = ended
  })
  try {
    await program.parseAsync(words, { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
    if (!(error instanceof CommandError)) throw error
    complain(error, world)
    return error.code
  }
}

/** Two lines: what is wrong, and what to do next. */
export function complain({ message, hint }: { readonly message: string; readonly hint: string }, world: World): void {
  const paint = newPaint(world.terminal.colours)
  world.terminal.complain(`${paint('red', 'error:')} ${message}\n${paint('bold', 'hint:')}  ${hint}`)
}

function newProgram(world: World, end: (code: number) => void): Command {
  const program = new Command('skein')
    .description('A container orchestrator without masters: every host runs the same daemon, kubectl drives it.')
    .version(`skein ${world.version}`, '-V, --version', 'print the version')
    .helpCommand('help [command]', 'say what a command does')
    .configureHelp({ sortSubcommands: false, showGlobalOptions: false })
    .exitOverride()
    .addHelpText('after', `\nBegin with: skein up${exitText()}`)

  nodeFlags(program.command('up'))
    .summary('found a cluster, or start this node again')
    .description(
      'Founds a cluster on an empty data directory and prints how others join it.\nOn a directory that is a node already, starts that node again, with what it was told before.',
    )
    .action((flags: NodeFlags) => up(flags, world))

  nodeFlags(program.command('join'))
    .summary('join a cluster with a token')
    .description('Asks a member to let this host in, and runs it. A host that is in already is started again.')
    .argument('<host[:port]>', `any member; the port is ${defaults.apiPort} unless told otherwise`)
    .requiredOption('--token <token>', 'what `skein up` or `skein token create` printed')
    .action((where: string, flags: NodeFlags & { token: string }) => join(where, flags.token, flags, world))

  accessFlags(program.command('status'))
    .summary('nodes, voters, leader, how many more may fail')
    .description('Says how the cluster is, as one node sees it. Ends with 10 when the cluster takes no writes.')
    .addOption(new Option('-o, --output <form>', 'as JSON').choices(['json']))
    .action(async (flags: AccessFlags & { output?: 'json' }) => end(await status(flags, world)))

  program
    .command('kubeconfig')
    .summary("print an administrator's kubeconfig")
    .description("Makes a kubeconfig with an administrator's certificate, good for a year.")
    .option('--data-dir <dir>', `the node's data directory (default: ${defaults.dataDir})`)
    .option('--out <file>', 'write it there, readable by you alone, instead of printing it')
    .option('--server <url>', "the API's address as kubectl shall use it (default: this node's)")
    .action((flags: AccessFlags & { out?: string; server?: string }) => kubeconfig(flags, world))

  tokenCommands(program.command('token').summary('make, list and delete join tokens'), world)

  program
    .command('version')
    .summary('print the version')
    .action(() => world.terminal.say(`skein ${world.version}`))
  sayOurWay(program, 'skein', world)
  return program
}

/** Answers to standard output; mistakes in two lines, with commander's guess or the command's help as the hint. */
function sayOurWay(command: Command, path: string, world: World): void {
  const paint = newPaint(world.terminal.colours)
  command.configureOutput({
    writeOut: (text) => world.terminal.say(text.trimEnd()),
    writeErr: (text) => world.terminal.complain(text.trimEnd()),
    outputError: (text, write) => {
      const [first = '', ...more] = text
        .replace(/^error: /, '')
        .trim()
        .split('\n')
      const guess = /^\(Did (.*)\)$/.exec(more.join(' '))?.[1]
      const hint = guess === undefined ? `see ${path} --help` : `did ${guess}`
      write(`${paint('red', 'error:')} ${first}\n${paint('bold', 'hint:')}  ${hint}`)
    },
  })
  for (const inner of command.commands) sayOurWay(inner, `${path} ${inner.name()}`, world)
}

function tokenCommands(token: Command, world: World): void {
  accessFlags(token.command('create'), 'data')
    .summary('make a token and print the command that uses it')
    .option('--ttl <time>', 'how long it is good: 90s, 30m, 24h, 7d (default: 24h)', duration)
    .action((flags: AccessFlags & { ttl?: number }) =>
      createToken({ ...flags, ttlMs: flags.ttl ?? tokenLifetimeMs }, world),
    )
  accessFlags(token.command('list'))
    .summary('list the tokens; their secrets are not kept')
    .action((flags: AccessFlags) => listTokens(flags, world))
  accessFlags(token.command('delete'))
    .summary('take a token back')
    .argument('<id>', 'its id, as `skein token list` shows it')
    .action((id: string, flags: AccessFlags) => deleteToken(flags, id, world))
}

function nodeFlags(command: Command): Command {
  return command
    .option('--config <file>', 'settings in YAML; flags override them')
    .option('--name <name>', "the node's name, a DNS label (default: this host's)", named)
    .option('--data-dir <dir>', `where the node keeps its data (default: ${defaults.dataDir})`)
    .option('--api-port <port>', `for kubectl (default: ${defaults.apiPort})`, port)
    .option('--gossip-port <port>', `between daemons (default: ${defaults.gossipPort})`, port)
    .option(
      '--advertise <ip>',
      'the address at which others reach this host (default: that of its default route)',
      address,
    )
    .option('--docker-socket <path>', `where the Docker Engine listens (default: ${defaults.dockerSocket})`)
    .option('--label <key=value>', 'a label for the Node object; repeat for more', label)
    .option('--zone <zone>', 'what fails together with this host: a rack, a room', zone)
    .addOption(new Option('--log-level <level>', 'how much to log').choices(['debug', 'info', 'warn', 'error']))
    .addOption(new Option('--log-format <format>', 'lines for people or JSON for machines').choices(['text', 'json']))
}

function accessFlags(command: Command, how: 'any' | 'data' = 'any'): Command {
  command.option('--data-dir <dir>', `the data directory of the node to ask (default: ${defaults.dataDir})`)
  return how === 'data' ? command : command.option('--kubeconfig <file>', 'ask the API that this names instead')
}

function exitText(): string {
  return `

Exit codes: 0 done, 1 failed, 2 wrong flags or config, 3 data directory,
4 port in use, 5 no Docker Engine, 6 token, 7 not the right cluster, 8 nobody
answers, 9 refused, 10 no quorum, 70 a bug in skein`
}

function port(text: string): number {
  const value = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0
  if (value < 1 || value > 65_535) throw new InvalidArgumentError('A port is a number from 1 to 65535.')
  return value
}

function named(text: string): string {
  if (isDnsLabel(text)) return text
  throw new InvalidArgumentError('A node name is a DNS label: a-z, 0-9 and -, at most 63 letters.')
}

function address(text: string): string {
  if (isAddress(text) && text !== '0.0.0.0' && text !== '::') return text
  throw new InvalidArgumentError('It must be an IP address of this host.')
}

function label(text: string, before: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>> {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('A label is key=value.')
  const key = text.slice(0, at)
  const value = text.slice(at + 1)
  const problem = labelProblem(key, value)
  if (problem !== null) throw new InvalidArgumentError(`It ${problem}.`)
  return { ...before, [key]: value }
}

function zone(text: string): string {
  const problem = text === '' ? 'is empty' : labelProblem('topology.kubernetes.io/zone', text)
  if (problem !== null) throw new InvalidArgumentError(`It ${problem}.`)
  return text
}

function duration(text: string): number {
  const ms = parseDuration(text)
  if (ms === null) throw new InvalidArgumentError('A time is a number and s, m, h or d: 90s, 24h. At most a year.')
  return ms
}
