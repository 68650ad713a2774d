/* Hides instruction sets from the program it is preloaded into, at full speed: every CPUID instruction faults
 * (arch_prctl ARCH_SET_CPUID, Intel since Ivy Bridge, Linux >= 4.12), and its answer is given without them. Where the
 * CPU cannot fault it, a copy of the library in which UD2, as long as CPUID, stands in CPUID's place does the same:
 * scripts/benchmark/masked.py makes it.
 *
 *   cc -O2 -shared -fPIC -o build/cpumask.so scripts/benchmark/cpumask.c
 *   CPU_MASK=1 LD_PRELOAD=build/cpumask.so python -m scripts.benchmark
 *
 * CPU_MASK: 1 no AMX, 2 nor any VNNI, 3 AVX2 only (what Lambda promises). Where the CPU cannot fault, CPUID itself
 * tells the truth, and only the copy's UD2 is masked. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define ARCH_SET_CPUID 0x1012
#define BIT(n) (1u << (n))

static int level, can_fault;

static int allow_cpuid(int allow) { return syscall(SYS_arch_prctl, ARCH_SET_CPUID, allow); }

static void on_fault(int signal_number, siginfo_t *info, void *context) {
  greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
  const uint8_t *code = (const uint8_t *)registers[REG_RIP];
  uint32_t a = registers[REG_RAX], b, c = registers[REG_RCX], d;
  const uint32_t leaf = a, subleaf = c;
  (void)info;
  if (code[0] != 0x0f || code[1] != (signal_number == SIGILL ? 0x0b : 0xa2)) { /* a fault of the program's own */
    signal(signal_number, SIG_DFL);
    return;
  }
  if (can_fault) allow_cpuid(1);
  __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
  if (can_fault) allow_cpuid(0);
  if (leaf == 7 && subleaf == 0) {
    d &= ~(BIT(22) | BIT(24) | BIT(25)); /* amx_bf16, amx_tile, amx_int8 */
    if (level >= 2) c &= ~BIT(11);       /* avx512_vnni */
    if (level >= 3) {                    /* every avx512_* */
      b &= ~(BIT(16) | BIT(17) | BIT(21) | BIT(26) | BIT(27) | BIT(28) | BIT(30) | BIT(31));
      c &= ~(BIT(1) | BIT(6) | BIT(12) | BIT(14));
      d &= ~(BIT(2) | BIT(3) | BIT(8) | BIT(23));
    }
  }
  if (leaf == 7 && subleaf == 1) {
    a &= ~(BIT(4) | BIT(21)); /* avx_vnni, amx_fp16 */
    if (level >= 3) a &= ~BIT(5);
    d &= ~(BIT(4) | BIT(10)); /* avx_vnni_int8, avx_vnni_int16 */
  }
  registers[REG_RAX] = a, registers[REG_RBX] = b, registers[REG_RCX] = c, registers[REG_RDX] = d;
  registers[REG_RIP] += 2;
}

__attribute__((constructor)) static void install(void) {
  const char *mask = getenv("CPU_MASK");
  struct sigaction action;
  if (!mask || !(level = atoi(mask))) return;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGILL, &action, NULL);
  can_fault = !allow_cpuid(0);
}
