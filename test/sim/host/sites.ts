import type { HttpQuestion } from '../../../src/host/host.ts'

/** What serves in a container, as those see it who connect to its address. */
export interface SimSite {
  /** Absent: it takes connections, and speaks no HTTP. */
  readonly answer?: (question: HttpQuestion) => SimSiteAnswer
}

export interface SimSiteAnswer {
  readonly status: number
  readonly body: string
  /** It thinks for so long. */
  readonly afterMs?: number
}

/** All of a world, by `address:port`. An engine adds what its containers serve and takes it away when they end. */
export type SimSites = Map<string, SimSite>
