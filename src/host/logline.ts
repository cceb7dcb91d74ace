/** How a log entry reads: `23:37:25.123 WARN  follower is slow  peer=n2 lagMs=1200`. */
export interface LineStyle {
  /** Short local times, for a person who watches; else whole UTC ones. */
  readonly terminal: boolean
  readonly colours: boolean
}

/** `entry` is one JSON object as text; what is none is passed on as it is. */
export function readableLine(entry: string, style: LineStyle): string {
  const fields = parsed(entry)
  if (fields === null) return entry
  const { level, time, message, ...rest } = fields
  const paint = style.colours ? painted : plain
  const name = String(level)
  const parts = [
    paint('dim', timeText(String(time), style)),
    paint(levelColours[name] ?? 'none', name.toUpperCase().padEnd(5)),
    String(message),
  ]
  const pairs = Object.entries(rest).map(([key, value]) => `${paint('dim', `${key}=`)}${valueText(value)}`)
  const text = pairs.length === 0 ? parts.join(' ') : `${parts.join(' ')}  ${pairs.join(' ')}`
  return `${text}\n`
}

const levelColours: Readonly<Record<string, Colour>> = { debug: 'dim', info: 'green', warn: 'yellow', error: 'red' }

type Colour = 'none' | 'dim' | 'green' | 'yellow' | 'red'

const codes: Readonly<Record<Colour, string>> = { none: '', dim: '2', green: '32', yellow: '33', red: '31' }

function painted(colour: Colour, text: string): string {
  return colour === 'none' ? text : `\u001b[${codes[colour]}m${text}\u001b[0m`
}

function plain(_colour: Colour, text: string): string {
  return text
}

function timeText(time: string, style: LineStyle): string {
  if (!style.terminal) return time
  const at = new Date(time)
  const two = (n: number): string => String(n).padStart(2, '0')
  const clock = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(':')
  return `${clock}.${String(at.getMilliseconds()).padStart(3, '0')}`
}

/** Text with spaces, quotes or nothing in it stands in quotes, so that each line can be taken apart again. */
function valueText(value: unknown): string {
  if (typeof value === 'string' && value !== '' && !/[\s"=\p{Cc}]/u.test(value)) return value
  return JSON.stringify(value).replace(
    /\p{Cc}/gu,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function parsed(entry: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(entry)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null
  } catch {
    return null // Not ours: said as it is.
  }
}
