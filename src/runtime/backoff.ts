/** How long to wait before the next try, as the kubelet does: 10 s, doubling to 5 min, from the start again after 10 min of health. */
const firstDelayMs = 10_000
const delayMsMax = 300_000
const healthyAfterMs = 600_000

/** The delay after so many failures in a row; at least one. */
export function retryDelayMs(failures: number): number {
  return Math.min(firstDelayMs * 2 ** (failures - 1), delayMsMax)
}

/** The delay before a container that has run is started again: none the first time, for most deaths are not loops. */
export function restartDelayMs(deaths: number): number {
  return deaths <= 1 ? 0 : retryDelayMs(deaths - 1)
}

/** How many deaths in a row, with this one that came after `ranMs`. */
export function deathsInRow(before: number, ranMs: number): number {
  return ranMs >= healthyAfterMs ? 1 : before + 1
}
