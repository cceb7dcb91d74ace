/** Wakes one loop. What rings while nobody waits is not lost: the next wait returns at once. */
export interface Pulse {
  ring(): void
  wait(): Promise<void>
}

export function newPulse(): Pulse {
  let rung = false
  let wake: (() => void) | null = null
  return {
    ring() {
      rung = true
      wake?.()
    },
    async wait() {
      if (!rung) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
        wake = null
      }
      rung = false
    },
  }
}
