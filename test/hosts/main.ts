import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { HostsError } from './command.ts'
import { engineCall } from './engine.ts'
import { type Host, type Hosts, npm, openHosts, startHosts } from './hosts.ts'
import { plugs } from './lan.ts'
import { defaultPrefix, hostPlaceOf, placeOf, prefixProblem } from './names.ts'
import { allSets, orphans, readSet } from './state.ts'
import { checkMachine, mustBeRoot } from './tools.ts'
import { removeTraces, tracesOf } from './traces.ts'

/** `npm run hosts`: several hosts on this machine, for people. */
const say = (line: string): void => console.log(line)

function newProgram(end: (code: number) => void): Command {
  let prefix = defaultPrefix
  const withPrefix = (command: Command): Command =>
    command.option(
      '--prefix <name>',
      `which hosts: several sets can be up side by side (default: ${prefix})`,
      (text) => {
        const problem = prefixProblem(text)
        if (problem !== null) throw new InvalidArgumentError(problem)
        prefix = text
      },
    )
  const program = withPrefix(new Command('npm run hosts --'))
    .description(
      'Hosts on this machine, each with a network, processes, a Docker Engine and a disk of its own. Needs root.\nA host is named by its number (2) or its name (h2).',
    )
    .helpCommand('help [command]', 'say what a command does')
    .enablePositionalOptions()
    .exitOverride()
    .addHelpText('after', '\nBegin with: npm run hosts -- up 3')
  const add = (words: string, what: string): Command => withPrefix(program.command(words)).description(what)
  const opened = async (act: (hosts: Hosts) => Promise<void>): Promise<void> => act(await openHosts(prefix))
  const each = (names: readonly string[], act: (host: Host) => Promise<void>, done: string): Promise<void> =>
    opened(async (hosts) => {
      for (const host of names.map((name) => hosts.host(name))) {
        await act(host)
        say(`${host.name} ${done}`)
      }
    })

  add('up', 'make so many hosts')
    .argument('<count>', 'how many', counted)
    .action((count: number) => up(count, prefix))
  add('down', 'remove the hosts and every trace of them')
    .option('--all', 'of every prefix')
    .action((flags: { all?: boolean }) => down(flags.all === true ? null : prefix))
  add('status', 'show the hosts').action(() => status(prefix))
  add('exec <host> <command...>', 'run a command inside a host, where `skein` is on the path')
    .passThroughOptions()
    .action((name: string, args: string[]) => opened(async (hosts) => end(await run(hosts.host(name), args))))
  add('kill <host...>', 'power off: its peers hear nothing more of it').action((names: string[]) =>
    each(names, (host) => host.kill(), 'is off'),
  )
  add('crash <host...>', 'end all its processes; its peers are told so (FIN, RST)').action((names: string[]) =>
    each(names, (host) => host.crash(), 'has crashed'),
  )
  add('boot <host...>', 'power on again: the same address, the same disk').action((names: string[]) =>
    each(names, (host) => host.boot(), 'is up'),
  )
  add('partition <host...>', 'cut these off, in silence: each other they still reach, nobody else').action(
    (names: string[]) => opened((hosts) => hosts.partition(names)),
  )
  add('heal [host...]', 'join them to the others again (default: all)').action((names: string[]) =>
    opened((hosts) => hosts.heal(names.length > 0 ? names : hosts.hosts.map(({ name }) => name))),
  )
  return program
}

function counted(text: string): number {
  if (/^[0-9]+$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It is not a number of hosts.')
}

async function up(count: number, prefix: string): Promise<void> {
  checkMachine(count)
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.on(name, () => stop.abort(new HostsError('broken off', 'what was begun has been removed again')))
  const from = performance.now()
  const hosts = await startHosts({ count, prefix, stay: true }, stop.signal)
  say(`${count} hosts are up after ${((performance.now() - from) / 1000).toFixed(1)} s, with an engine each:`)
  await status(prefix)
  const first = hosts.hosts[0]
  say(`
Try, each in a terminal of its own:
  ${npm(prefix, 'exec 1 skein up')}
  ${npm(prefix, `exec 2 skein join ${first?.address} --token ...`)}

Then from here, for this machine is ${hosts.machineAddress} among them:
  ${npm(prefix, 'exec 1 skein kubeconfig --out /tmp/skein.kubeconfig')}
  kubectl --kubeconfig /tmp/skein.kubeconfig get nodes

Remove all: ${npm(prefix, 'down')}`)
}

async function down(prefix: string | null): Promise<void> {
  mustBeRoot()
  const wanted = new Set([...(prefix === null ? allSets() : [prefix]), ...orphans()])
  for (const each of wanted) {
    const found = await tracesOf(each)
    await removeTraces(each)
    say(found.length > 0 ? `hosts ${each}1 … are gone` : `there are no hosts ${each}1 …`)
  }
  const others = allSets()
  if (others.length > 0) say(`other hosts are still up, of prefix ${others.join(', ')}`)
}

async function status(prefix: string): Promise<void> {
  const hosts = await openHosts(prefix)
  const place = placeOf(prefix)
  const count = readSet(place)?.count ?? 0
  const plugged = (await tracesOf(prefix)).includes(`network namespace ${place.lan}`) ? await plugs(place) : new Map()
  const rows = [['NAME', 'ADDRESS', 'POWER', 'NETWORK', 'ENGINE', 'CONTAINERS']]
  for (let index = 1; index <= count; index++) {
    const host = hosts.host(String(index))
    const network: string = plugged.get(hostPlaceOf(place, index).plug) ?? 'unplugged'
    const power = host.running ? 'on' : network === 'unplugged' ? 'off' : 'crashed'
    const { version, containers } = host.running ? await engineOf(host) : { version: '-', containers: '-' }
    rows.push([host.name, host.address, power, network, version, containers])
  }
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  for (const row of rows)
    say(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
}

async function engineOf({ engineSocket }: Host): Promise<{ version: string; containers: string }> {
  try {
    const { text } = await engineCall(engineSocket, 'GET', '/info')
    const { ServerVersion, ContainersRunning, Containers } = JSON.parse(text) as Record<string, string | number>
    return { version: String(ServerVersion), containers: `${ContainersRunning} of ${Containers}` }
  } catch {
    return { version: 'silent', containers: '-' }
  }
}

/** With this terminal; ends as the command ends. */
async function run(host: Host, args: readonly string[]): Promise<number> {
  const inside = host.spawn(args, { stdio: 'inherit', cwd: process.cwd() })
  // A terminal sends Ctrl-C to the command as well. A lone signal is passed on.
  process.on('SIGINT', () => undefined)
  process.on('SIGTERM', () => inside.signal('SIGTERM'))
  return (await inside.ended) ?? 128 + 9
}

async function main(): Promise<void> {
  let code = 0
  try {
    await newProgram((ended) => {
      code = ended
    }).parseAsync(process.argv.slice(2), { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) code = error.exitCode === 0 ? 0 : 2
    else {
      code = 1
      console.error(`error: ${error instanceof Error ? error.message : String(error)}`)
      if (error instanceof HostsError) console.error(`hint:  ${error.hint}`)
    }
  }
  process.exitCode = code
}

await main()
