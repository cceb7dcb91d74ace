/** How the demo tells what it does: a line a step, with its time; notes indented below it. */
export interface Telling {
  /** Runs a step; its failure is told and thrown on. */
  step<T>(title: string, act: () => Promise<T>): Promise<T>
  note(text: string): void
}

export function newTelling(print: (line: string) => void, colours: boolean): Telling {
  const paint = (code: string, text: string): string => (colours ? `\u001b[${code}m${text}\u001b[0m` : text)
  return {
    async step(title, act) {
      const from = performance.now()
      const took = (): string => paint('2', `(${((performance.now() - from) / 1000).toFixed(1)} s)`)
      try {
        const result = await act()
        print(`${paint('32', '✓')} ${title} ${took()}`)
        return result
      } catch (error) {
        print(`${paint('31', '✗')} ${title} ${took()}`)
        throw error
      }
    },
    note: (text) => print(text.replace(/^/gm, '    ')),
  }
}
