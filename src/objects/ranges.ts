import { type AddressRange, rangeOf } from '../lib/ipv4.ts'

/** Which addresses and ports the cluster gives out. The same on every node, and in no file: changing them under a
 * running cluster would cut what is in use. */

/** Addresses of services. */
export const serviceRange: AddressRange = rangeOf('10.96.0.0/16')
/** Addresses of pods; every node has a /24 of it. */
export const podRange: AddressRange = rangeOf('10.244.0.0/16')
export const nodeSubnetBits = 24
/** The address of the service `kubernetes`: the API, as pods see it. */
export const apiServiceAddress = '10.96.0.1'
/** Where pods ask for names. */
export const dnsServiceAddress = '10.96.0.10'
/** Ports that every node opens for services. */
export const nodePorts = { first: 30_000, last: 32_767 } as const
/** The DNS domain below which all names of the cluster lie. */
export const clusterDomain = 'cluster.local'
