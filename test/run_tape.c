/* Machine code of deepdream in programs that are not Python, for other systems than the one it was written on.

   As a library (-DBRIDGE): code that is to be entered by Windows' convention, entered from Linux.
   As a program (Windows, or any POSIX): run_tape FILE runs the tapes of a file that pretend.py wrote, at the addresses
   they had there, on two threads, and compares all memory with what it should be afterwards. */

#if defined(__x86_64__) && (defined(_WIN32) || defined(BRIDGE))
#define WINDOWS_CALLS __attribute__((ms_abi))
#else
#define WINDOWS_CALLS
#endif

typedef int (WINDOWS_CALLS *function)(void *);

#if defined(__x86_64__) && (defined(_WIN32) || defined(BRIDGE))

/* Calls f(p) with a pattern in each register that a function of Windows must keep, and sets a bit of *lost for each
   that comes back with another value: rbx rbp rdi rsi r12 r13 r14 r15, xmm6 ... xmm15, the mode of MXCSR. */
WINDOWS_CALLS int checked(function f, void *p, unsigned *lost);

#define KEPT(X) X(rbx, 0) X(rbp, 1) X(rdi, 2) X(rsi, 3) X(r12, 4) X(r13, 5) X(r14, 6) X(r15, 7)
#define VECTORS(X) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
#define PUSH(r, i) "push %" #r "\n"
#define SAVE(v) "movups %xmm" #v ", 48 + 16 * (" #v " - 6)(%rsp)\n"
#define RESTORE(v) "movups 48 + 16 * (" #v " - 6)(%rsp), %xmm" #v "\n"
#define FILL(r, i) "movabs $0x5aa5123400000000 + " #i ", %" #r "\n"
#define FILL_VECTOR(v) "movd %xmm0, %rax\n add $1, %rax\n movq %rax, %xmm0\n movaps %xmm0, %xmm" #v "\n" \
                       "pshufd $0x44, %xmm" #v ", %xmm" #v "\n"
#define LOOK(r, i) "movabs $0x5aa5123400000000 + " #i ", %rcx\n cmp %rcx, %" #r "\n je 1f\n or $1 << " #i ", %edx\n 1:\n"
#define LOOK_VECTOR(v) "movq %xmm0, %rax\n add $1, %rax\n movq %rax, %xmm0\n pshufd $0x44, %xmm0, %xmm1\n" \
                       "pcmpeqd %xmm" #v ", %xmm1\n pmovmskb %xmm1, %eax\n cmp $0xffff, %eax\n je 1f\n" \
                       "or $1 << (8 + " #v " - 6), %edx\n 1:\n"
__asm__(".text\n.globl checked\nchecked:\n" KEPT(PUSH)
        "sub $216, %rsp\n mov %r8, 32(%rsp)\n stmxcsr 40(%rsp)\n" VECTORS(SAVE)
        "mov %rcx, %r9\n mov %rdx, %rcx\n movabs $0x7777000011110000, %rax\n movq %rax, %xmm0\n"
        VECTORS(FILL_VECTOR) KEPT(FILL) "call *%r9\n mov %eax, 44(%rsp)\n xor %edx, %edx\n" KEPT(LOOK)
        "movabs $0x7777000011110000, %rax\n movq %rax, %xmm0\n" VECTORS(LOOK_VECTOR)
        "mov 40(%rsp), %eax\n stmxcsr 40(%rsp)\n xor 40(%rsp), %eax\n and $0xffc0, %eax\n je 1f\n or $1 << 18, %edx\n 1:\n"
        "mov 32(%rsp), %rcx\n mov %edx, (%rcx)\n" VECTORS(RESTORE) "mov 44(%rsp), %eax\n add $216, %rsp\n"
        "pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rsi\n pop %rdi\n pop %rbp\n pop %rbx\n ret\n");

unsigned all_lost;

int through(function f, void *p) {
    unsigned lost = 0;
    int result = checked(f, p, &lost);
    __atomic_fetch_or(&all_lost, lost, __ATOMIC_RELAXED);
    return result;
}

#else

unsigned all_lost;

int through(function f, void *p) { return f(p); }

#endif

#ifndef BRIDGE

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PHASE 0        /* words of a thread's state, as in tape.py */
#define END 1
#define GIVE_WAY 6

static function driver;

#ifdef _WIN32

#include <windows.h>

static void *take(uint64_t at, uint64_t size) {
    return VirtualAlloc((void *)at, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
}

static int make_executable(uint64_t at, uint64_t size) {     /* which may be several allocations */
    uint64_t page;
    DWORD before;
    for (page = at; page < at + size; page += 4096)
        if (!VirtualProtect((void *)page, 4096, PAGE_EXECUTE_READ, &before))
            return 0;
    return FlushInstructionCache(GetCurrentProcess(), (void *)at, size);
}

static DWORD WINAPI walk(void *state) {
    while (through(driver, state) != 0)
        ;
    return 0;
}

static void walk_together(int64_t *first, int64_t *second) {
    HANDLE thread = CreateThread(NULL, 0, walk, second, 0, NULL);
    walk(first);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
}

static uint64_t give_way(void) { return (uint64_t)GetProcAddress(GetModuleHandleA("kernel32"), "SwitchToThread"); }

#else

#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>

static void *take(uint64_t at, uint64_t size) {
    void *found = mmap((void *)at, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return found == (void *)at ? found : NULL;
}

static int make_executable(uint64_t at, uint64_t size) {
    return mprotect((void *)at, size, PROT_READ | PROT_EXEC) == 0;
}

static void *walk(void *state) {
    while (through(driver, state) != 0)
        ;
    return NULL;
}

static void walk_together(int64_t *first, int64_t *second) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, walk, second) != 0)
        abort();
    walk(first);
    pthread_join(thread, NULL);
}

static uint64_t give_way(void) { return (uint64_t)sched_yield; }

#endif

static FILE *file;

static uint64_t number(void) {
    uint64_t value;
    if (fread(&value, 8, 1, file) != 1) {
        printf("the file ends early\n");
        exit(1);
    }
    return value;
}

int main(int count, char **words) {
    int64_t *states[2];
    uint64_t tapes[32][2], left, i, sum = 0;
    file = count == 2 ? fopen(words[1], "rb") : NULL;
    if (!file) {
        printf("run_tape FILE\n");
        return 2;
    }
    for (left = number(); left; left--) {                    /* memory: address, size, what is there (or zeros) */
        uint64_t at = number(), size = number(), filled = number();
        if (take(at, size) != (void *)at) {
            printf("no memory at %llx\n", (unsigned long long)at);
            return 3;
        }
        if (filled && fread((void *)at, size, 1, file) != 1)
            return 1;
    }
    for (left = number(); left; left--) {                    /* code: address, size */
        uint64_t at = number(), size = number();
        if (!make_executable(at, size)) {
            printf("cannot be made executable: %llx\n", (unsigned long long)at);
            return 1;
        }
    }
    driver = (function)number();
    for (i = 0; i < 2; i++) {
        states[i] = (int64_t *)number();
        states[i][GIVE_WAY] = (int64_t)give_way();
    }
    uint64_t walks = number();
    for (i = 0; i < walks; i++)
        tapes[i][0] = number(), tapes[i][1] = number();
    for (i = 0; i < walks; i++) {
        states[0][PHASE] = states[1][PHASE] = (int64_t)tapes[i][0];
        states[0][END] = states[1][END] = (int64_t)tapes[i][1];
        walk_together(states[0], states[1]);
    }
    for (left = number(); left; left--) {                    /* results: address, size, what must be there (or zeros) */
        uint64_t at = number(), size = number(), filled = number();
        char *expected = calloc(size, 1);
        if (!expected || (filled && fread(expected, size, 1, file) != 1))
            return 1;
        if (memcmp(expected, (void *)at, size) != 0) {
            printf("wrong numbers near %llx\n", (unsigned long long)at);
            return 1;
        }
        free(expected);
        sum += size;
    }
    printf("%llu tapes, %llu bytes of results as they should be, registers not kept: %x\n", (unsigned long long)walks,
           (unsigned long long)sum, all_lost);
    return all_lost != 0;
}

#endif
