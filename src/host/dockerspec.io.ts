import type Docker from 'dockerode'
import type { ContainerSpec } from './host.ts'

const logBytesMax = '10m'
const logFilesMax = '3'
/** What the kernel's scheduler and its quota accept at least. */
const cpuSharesMin = 2
const cpuPeriodUs = 100_000
const cpuQuotaMinUs = 1_000

/** A container as it is asked of Docker. */
export function createOptions(spec: ContainerSpec): Docker.ContainerCreateOptions {
  const joins = typeof spec.network === 'object'
  return {
    name: spec.name,
    Image: spec.image,
    ...(spec.command !== undefined && { Entrypoint: [...spec.command] }),
    ...(spec.args !== undefined && { Cmd: [...spec.args] }),
    Env: spec.env.map(({ name, value }) => `${name}=${value}`),
    Labels: { ...spec.labels },
    // One that joins another has its name; to ask for one is refused.
    ...(!joins && { Hostname: spec.hostname }),
    ...(spec.workingDir !== undefined && { WorkingDir: spec.workingDir }),
    ...(spec.user !== undefined && { User: spec.user }),
    ...(spec.stopSignal !== undefined && { StopSignal: spec.stopSignal }),
    Tty: spec.tty,
    OpenStdin: spec.stdin,
    HostConfig: {
      RestartPolicy: { Name: '' },
      LogConfig: { Type: 'json-file', Config: { 'max-size': logBytesMax, 'max-file': logFilesMax } },
      ...namespaces(spec),
      ...resources(spec),
      ...rights(spec),
      ...(spec.mounts !== undefined && { Mounts: spec.mounts.map(mountOf) }),
    },
  }
}

function namespaces({ network, dns, hosts, processes, hostIpc }: ContainerSpec): Docker.HostConfig {
  const pid = processes === undefined ? {} : { PidMode: processes === 'host' ? 'host' : `container:${processes.join}` }
  if (typeof network === 'object') {
    const other = `container:${network.join}`
    return { NetworkMode: other, IpcMode: other, ...pid }
  }
  return {
    NetworkMode: network === 'default' ? 'bridge' : network,
    IpcMode: hostIpc === true ? 'host' : 'shareable',
    ...pid,
    ...(dns !== undefined && { Dns: [...dns.servers], DnsSearch: [...dns.searches], DnsOptions: [...dns.options] }),
    ...(hosts !== undefined && { ExtraHosts: hosts.map(({ address, name }) => `${name}:${address}`) }),
  }
}

function resources(spec: ContainerSpec): Docker.HostConfig {
  const { cpuRequestMillis, cpuLimitMillis, memoryLimitBytes, oomScore } = spec
  return {
    ...(cpuRequestMillis !== undefined && {
      CpuShares: Math.max(cpuSharesMin, Math.floor((cpuRequestMillis * 1024) / 1000)),
    }),
    ...(cpuLimitMillis !== undefined && {
      CpuPeriod: cpuPeriodUs,
      CpuQuota: Math.max(cpuQuotaMinUs, Math.floor((cpuLimitMillis * cpuPeriodUs) / 1000)),
    }),
    // As much memory and swap together as memory alone: no swapping.
    ...(memoryLimitBytes !== undefined && { Memory: memoryLimitBytes, MemorySwap: memoryLimitBytes }),
    ...(oomScore !== undefined && { OomScoreAdj: oomScore }),
  }
}

function rights(spec: ContainerSpec): Docker.HostConfig {
  const security = [
    ...(spec.noNewPrivileges === true ? ['no-new-privileges'] : []),
    ...(spec.unconfined === true ? ['seccomp=unconfined'] : []),
  ]
  return {
    ...(spec.privileged === true && { Privileged: true }),
    ...(spec.readOnlyRoot === true && { ReadonlyRootfs: true }),
    ...(spec.capabilities !== undefined && {
      CapAdd: [...spec.capabilities.add],
      CapDrop: [...spec.capabilities.drop],
    }),
    ...(spec.groups !== undefined && { GroupAdd: spec.groups.map(String) }),
    ...(security.length > 0 && { SecurityOpt: security }),
  }
}

/** As a mount, not as a bind in the old form: that would make a folder where the source is missing. */
function mountOf({ source, target, readOnly }: NonNullable<ContainerSpec['mounts']>[number]): Docker.MountSettings {
  return { Type: 'bind', Source: source, Target: target, ReadOnly: readOnly }
}
