import { expect, test } from 'vitest'
import { CommandError, exitCodes } from './exit.ts'
import { faultOf } from './faults.ts'
import { newFakeWorld } from './fixture.ts'

test.each(['help', '--help', 'help up', 'join --help', 'token --help', 'token create --help', 'version', '--version'])(
  'skein %s answers on standard output',
  async (line) => {
    const { run, out, err } = newFakeWorld()
    expect(await run(line)).toBe(exitCodes.ok)
    expect(out.join('')).not.toBe('')
    expect(err).toEqual([])
  },
)

test.each([
  ['upp', /unknown command 'upp'\nhint: {2}did you mean up\?/],
  ['up --nmae x', /unknown option '--nmae'\nhint: {2}did you mean --name\?/],
  ['up now', /too many arguments.*\nhint: {2}see skein up --help/],
  ['up --name A_b', /DNS label/],
  ['up --name', /argument missing/],
  ['up --api-port 0', /1 to 65535/],
  ['up --api-port 80x', /1 to 65535/],
  ['up --advertise here', /IP address/],
  ['up --advertise 0.0.0.0', /IP address/],
  ['up --label x', /key=value/],
  ['up --label =x', /key=value/],
  ['up --label a=b=c', /label value/],
  ['up --zone a+b', /label value/],
  ['up --log-level loud', /Allowed choices are debug, info, warn, error/],
  ['join', /required option '--token/],
  ['join --token t', /missing required argument/],
  ['status -o yaml', /Allowed choices are json/],
  ['token create --ttl 5', /90s, 24h/],
  ['token delete', /missing required argument/],
])('skein %s: two lines, and the code for usage', async (line, text) => {
  const { run, out, err } = newFakeWorld()
  expect(await run(line)).toBe(exitCodes.usage)
  expect(out).toEqual([])
  expect(err.join('\n')).toMatch(text)
  expect(err.join('\n').split('\n')).toHaveLength(2)
})

test('without a command the help is shown, as a mistake', async () => {
  const { world, run, err } = newFakeWorld()
  expect(world.version).toBe('0.1.0')
  expect(await run('token')).toBe(exitCodes.usage)
  expect(err.join('\n')).toContain('create [options]')
})

class DeviceError extends Error {
  override readonly name = 'DeviceError'
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

test.each([
  [new DeviceError('corrupt', '/d/log: missing'), exitCodes.data],
  [new DeviceError('conflict', '0.0.0.0:6443 is in use'), exitCodes.port],
  [new DeviceError('conflict', '/d/log: another daemon uses this directory'), exitCodes.data],
  [new DeviceError('failed', '/d/log: no space'), exitCodes.failed],
  [new DeviceError('unavailable', 'gone'), exitCodes.failed],
  [new CommandError(exitCodes.token, 'm', 'h'), exitCodes.token],
  [new Error('log has no gaps'), exitCodes.bug],
  ['text', exitCodes.bug],
  [undefined, exitCodes.bug],
])('what ended a daemon: %s', (error, code) => {
  const fault = faultOf(error)
  expect(fault.code).toBe(code)
  expect(fault.hint).not.toBe('')
})
