/**
 * The program that holds a pod's namespaces while its containers come and go: it sleeps until it is told to end, and
 * buries orphaned processes, for where a pod shares one process namespace it is everybody's last parent. Written here
 * instruction by instruction, so that no registry and no compiler is needed: the whole file has about 200 bytes.
 *
 *     block every signal                          rt_sigprocmask(SIG_BLOCK, all, NULL, 8)
 *     wait:  signal = the next that comes         rt_sigtimedwait(all, NULL, NULL, 8)
 *            SIGINT or SIGTERM: exit(0)           process 1 dies of no signal by default; these it obeys
 *            not SIGCHLD: wait
 *     reap:  bury one child; more? reap           wait4(-1, NULL, WNOHANG, NULL)
 *            wait
 */
export const pauseImage = 'skein.local/pause:1'

/** The ELF file for an architecture in Go's words; null where there is none. */
export function pauseExecutable(arch: string): Uint8Array | null {
  if (arch === 'amd64') return executable(machines.amd64, assembled(amd64))
  return arch === 'arm64' ? executable(machines.arm64, assembled(arm64)) : null
}

const signals = { int: 2, term: 15, chld: 17 }

/** Bytes as they are, a place to jump to, or a jump: `encode` gets the distance in bytes from the jump's own first byte. */
type Instruction =
  | readonly number[]
  | { readonly label: string }
  | { readonly to: string; readonly size: number; readonly encode: (distance: number) => readonly number[] }

function assembled(program: readonly Instruction[]): Uint8Array {
  const places = new Map<string, number>()
  let at = 0
  for (const part of program) {
    if ('label' in part) places.set(part.label, at)
    else at += 'size' in part ? part.size : part.length
  }
  const code: number[] = []
  for (const part of program) {
    if ('to' in part) code.push(...part.encode((places.get(part.to) ?? 0) - code.length))
    else if (!('label' in part)) code.push(...part)
  }
  return Uint8Array.from(code)
}

// ---- amd64 (Intel SDM, volume 2; system calls of arch/x86/entry/syscalls/syscall_64.tbl) -------------------------

/** A short conditional or unconditional jump: opcode, and the distance from its end in one byte. */
function short(opcode: number, to: string): Instruction {
  return { to, size: 2, encode: (distance) => [opcode, (distance - 2) & 0xff] }
}

const amd64: readonly Instruction[] = [
  [0x31, 0xff], //                          xor edi, edi          SIG_BLOCK
  [0x6a, 0xff], //                          push -1               the set of all signals
  [0x48, 0x89, 0xe6], //                    mov rsi, rsp
  [0x31, 0xd2], //                          xor edx, edx
  [0x6a, 0x08, 0x41, 0x5a], //              push 8; pop r10       its size
  [0x6a, 14, 0x58, 0x0f, 0x05], //          push 14; pop rax; syscall    rt_sigprocmask
  { label: 'wait' },
  [0x48, 0x89, 0xe7], //                    mov rdi, rsp
  [0x31, 0xf6], //                          xor esi, esi
  [0x31, 0xd2], //                          xor edx, edx          without end
  [0x6a, 0x08, 0x41, 0x5a], //              push 8; pop r10
  [0xb8, 128, 0, 0, 0, 0x0f, 0x05], //      mov eax, 128; syscall rt_sigtimedwait
  [0x83, 0xf8, signals.int], //             cmp eax, SIGINT
  short(0x74, 'end'), //                    je end
  [0x83, 0xf8, signals.term], //            cmp eax, SIGTERM
  short(0x74, 'end'), //                    je end
  [0x83, 0xf8, signals.chld], //            cmp eax, SIGCHLD
  short(0x75, 'wait'), //                   jne wait
  { label: 'reap' },
  [0x6a, 0xff, 0x5f], //                    push -1; pop rdi      any child
  [0x31, 0xf6], //                          xor esi, esi
  [0x6a, 0x01, 0x5a], //                    push 1; pop rdx       WNOHANG
  [0x45, 0x31, 0xd2], //                    xor r10d, r10d
  [0x6a, 61, 0x58, 0x0f, 0x05], //          push 61; pop rax; syscall    wait4
  [0x85, 0xc0], //                          test eax, eax
  short(0x7f, 'reap'), //                   jg reap
  short(0xeb, 'wait'), //                   jmp wait
  { label: 'end' },
  [0x31, 0xff], //                          xor edi, edi
  [0xb8, 231, 0, 0, 0, 0x0f, 0x05], //      mov eax, 231; syscall exit_group
]

// ---- arm64 (Arm ARM, C6.2; system calls of include/uapi/asm-generic/unistd.h) ------------------------------------

function word(value: number): readonly number[] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, (value >>> 24) & 0xff]
}

/** `mov x<register>, #<value>` */
const mov = (register: number, value: number): Instruction => word(0xd2800000 | (value << 5) | register)
/** `mov x<register>, #-1` */
const movMinusOne = (register: number): Instruction => word(0x92800000 | register)
/** `mov x<register>, sp` */
const movSp = (register: number): Instruction => word(0x91000000 | (31 << 5) | register)
/** `cmp w0, #<value>` */
const cmp = (value: number): Instruction => word(0x7100001f | (value << 10))
const svc: Instruction = word(0xd4000001)
const conditions = { eq: 0, ne: 1, gt: 12 }
/** `b.<condition> <to>` */
const branchIf = (condition: keyof typeof conditions, to: string): Instruction => ({
  to,
  size: 4,
  encode: (distance) => word(0x54000000 | (((distance >> 2) & 0x7ffff) << 5) | conditions[condition]),
})
/** `b <to>` */
const branch = (to: string): Instruction => ({
  to,
  size: 4,
  encode: (distance) => word(0x14000000 | ((distance >> 2) & 0x3ffffff)),
})

const arm64: readonly Instruction[] = [
  mov(0, 0), // SIG_BLOCK
  movMinusOne(9),
  word(0xf81f0fe9), // str x9, [sp, #-16]!: the set of all signals
  movSp(1),
  mov(2, 0),
  mov(3, 8), // its size
  ...[mov(8, 135), svc], // rt_sigprocmask
  { label: 'wait' },
  movSp(0),
  mov(1, 0),
  mov(2, 0), // without end
  mov(3, 8),
  ...[mov(8, 137), svc], // rt_sigtimedwait
  ...[cmp(signals.int), branchIf('eq', 'end')],
  ...[cmp(signals.term), branchIf('eq', 'end')],
  ...[cmp(signals.chld), branchIf('ne', 'wait')],
  { label: 'reap' },
  movMinusOne(0), // any child
  mov(1, 0),
  mov(2, 1), // WNOHANG
  mov(3, 0),
  ...[mov(8, 260), svc], // wait4
  ...[cmp(0), branchIf('gt', 'reap')],
  branch('wait'),
  { label: 'end' },
  mov(0, 0),
  ...[mov(8, 94), svc], // exit_group
]

// ---- ELF (System V ABI, chapters 4 and 5) ------------------------------------------------------------------------

/** `e_machine`, and the largest page of the architecture's kernels. */
const machines = {
  amd64: { machine: 62, pageBytes: 0x1000 },
  arm64: { machine: 183, pageBytes: 0x10000 },
}
const headerBytes = 64
const segmentBytes = 56
const loadAddress = 0x400000

/** One segment, the whole file, readable and executable; the code behind the headers. */
function executable(of: { readonly machine: number; readonly pageBytes: number }, code: Uint8Array): Uint8Array {
  const start = headerBytes + segmentBytes
  const file = new Uint8Array(start + code.length)
  const view = new DataView(file.buffer)
  const u16 = (at: number, value: number): void => view.setUint16(at, value, true)
  const u32 = (at: number, value: number): void => view.setUint32(at, value, true)
  const u64 = (at: number, value: number): void => view.setBigUint64(at, BigInt(value), true)
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]) // magic; 64 bits, little end first, version 1
  u16(16, 2) // e_type: executable
  u16(18, of.machine)
  u32(20, 1) // e_version
  u64(24, loadAddress + start) // e_entry
  u64(32, headerBytes) // e_phoff
  u16(52, headerBytes) // e_ehsize
  u16(54, segmentBytes) // e_phentsize
  u16(56, 1) // e_phnum
  u32(headerBytes, 1) // p_type: loaded
  u32(headerBytes + 4, 5) // p_flags: readable, executable
  u64(headerBytes + 16, loadAddress) // p_vaddr
  u64(headerBytes + 24, loadAddress) // p_paddr
  u64(headerBytes + 32, file.length) // p_filesz
  u64(headerBytes + 40, file.length) // p_memsz
  u64(headerBytes + 48, of.pageBytes) // p_align
  file.set(code, start)
  return file
}
