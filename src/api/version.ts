/**
 * What `/version` says. Clients compare the minor with their own and warn when they are more than one apart, charts ask
 * whether it is new enough. 1.33 is where the kinds' fields and the OpenAPI documents stand, and lies in the middle of
 * the clients in use: those of 1.32 to 1.34 stay silent, those of 1.27 to 1.35 work.
 */
const minor = 33

/** `version`: Skein's own, which stands behind the plus, where comparisons do not look. */
export function versionDocument(version: string): object {
  return {
    major: '1',
    minor: String(minor),
    gitVersion: `v1.${minor}.0+skein.${version}`,
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: '',
    compiler: '',
    platform: 'linux',
  }
}
