/*
 * Rows of area net: the other entries into the same kernel. A filter that
 * knows the 64-bit system calls has to know the 32-bit entry and the x32
 * numbers too (seccomp(2), "architecture").
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "conformance/probe.h"
#include "conformance/probes/net_tools.h"

#if defined(__x86_64__)
enum {
    I386_CLOSE = 6,
    I386_SOCKETCALL = 102, /* arch/x86/entry/syscalls/syscall_32.tbl */
    I386_SOCKET = 359,
    I386_CONNECT = 362,
    I386_SENDTO = 369,
    CALL_SOCKET = 1, /* linux/net.h */
    CALL_CONNECT = 3,
    CALL_SEND = 9,
    X32_BIT = 0x40000000
};

/* int 0x80 from a 64-bit program: the kernel reads i386 numbers and 32-bit pointers. */
static long int80(long number, long a, long b, long c, long d)
{
    long result;

    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(0L)
                     : "memory", "r8", "r9", "r10", "r11");
    return (int)result;
}

static long x32(long number, long a, long b, long c)
{
    return syscall(number | X32_BIT, a, b, c);
}

/* What the 32-bit kernel reads has to lie below 4 GiB. */
struct low_page {
    struct sockaddr_in address;
    uint32_t arguments[4];
    char message[128];
};

static struct low_page *low_page_new(const struct attempt *a, uint16_t port, const char *way)
{
    struct low_page *page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

    if (page == MAP_FAILED)
        return NULL;
    page->address = loopback4(port);
    (void)snprintf(page->message, sizeof page->message, "%s", message_of(a, way));
    return page;
}

static uint32_t low(const void *pointer)
{
    return (uint32_t)(uintptr_t)pointer;
}

static long socketcall(struct low_page *page, int call, uint32_t a, uint32_t b, uint32_t c,
                       uint32_t d)
{
    const uint32_t arguments[] = {a, b, c, d};

    memcpy(page->arguments, arguments, sizeof arguments);
    return int80(I386_SOCKETCALL, call, (long)low(page->arguments), 0, 0);
}

static int send_by_socketcall(const struct attempt *a, uint32_t type, uint16_t port,
                              const char *way)
{
    struct low_page *page = low_page_new(a, port, way);
    long fd, result;

    if (page == NULL)
        return errno;
    fd = socketcall(page, CALL_SOCKET, AF_INET, type, 0, 0);
    if (fd < 0)
        return (int)-fd;
    result =
        socketcall(page, CALL_CONNECT, (uint32_t)fd, low(&page->address), sizeof page->address, 0);
    if (result >= 0)
        result = socketcall(page, CALL_SEND, (uint32_t)fd, low(page->message),
                            (uint32_t)strlen(page->message), MSG_NOSIGNAL);
    (void)int80(I386_CLOSE, fd, 0, 0, 0);
    return result < 0 ? (int)-result : 0;
}

static int by_socketcall(const struct attempt *a)
{
    return send_by_socketcall(a, SOCK_STREAM, a->tcp4, "int 0x80 socketcall, TCP");
}

/* Landlock sees TCP whatever the entry is, but no datagrams. */
static int by_socketcall_datagram(const struct attempt *a)
{
    return a->udp4 == 0 ? ATTEMPT_UNABLE
                        : send_by_socketcall(a, SOCK_DGRAM, a->udp4, "int 0x80 socketcall, UDP");
}

static int by_i386_numbers(const struct attempt *a)
{
    struct low_page *page = low_page_new(a, a->tcp4, "int 0x80 socket, connect, sendto");
    long fd, result;

    if (page == NULL)
        return errno;
    fd = int80(I386_SOCKET, AF_INET, SOCK_STREAM, 0, 0);
    if (fd < 0)
        return (int)-fd;
    result = int80(I386_CONNECT, fd, (long)low(&page->address), sizeof page->address, 0);
    if (result >= 0)
        result = int80(I386_SENDTO, fd, (long)low(page->message), (long)strlen(page->message),
                       MSG_NOSIGNAL);
    (void)int80(I386_CLOSE, fd, 0, 0, 0);
    return result < 0 ? (int)-result : 0;
}

/*
 * A static 32-bit program: socketcall(SOCKET), socketcall(CONNECT), socketcall(SEND), exit(errno).
 * Assembled from
 *     push 0; push 1; push 2; mov eax,102; mov ebx,1; mov ecx,esp; int 0x80   socket
 *     test eax,eax; js fail; mov esi,eax; call 1f; DATA; 1: pop edi
 *     push 16; push edi; push esi; mov ebx,3; ...; int 0x80                   connect
 *     push 0x4000; push 64; push edi+16; push esi; mov ebx,9; ...; int 0x80   send
 *     fail: neg eax; mov ebx,eax; mov eax,1; int 0x80                         exit
 * DATA is a struct sockaddr_in and 64 bytes of message.
 */
static const unsigned char code_before[] = {0x6a, 0x00, 0x6a, 0x01, 0x6a, 0x02, 0xb8, 0x66, 0x00,
                                            0x00, 0x00, 0xbb, 0x01, 0x00, 0x00, 0x00, 0x89, 0xe1,
                                            0xcd, 0x80, 0x85, 0xc0, 0x0f, 0x88, 0x8e, 0x00, 0x00,
                                            0x00, 0x89, 0xc6, 0xe8, 0x50, 0x00, 0x00, 0x00};
static const unsigned char code_after[] = {
    0x5f, 0x6a, 0x10, 0x57, 0x56, 0xb8, 0x66, 0x00, 0x00, 0x00, 0xbb, 0x03, 0x00, 0x00,
    0x00, 0x89, 0xe1, 0xcd, 0x80, 0x85, 0xc0, 0x78, 0x20, 0x8d, 0x57, 0x10, 0x68, 0x00,
    0x40, 0x00, 0x00, 0x6a, 0x40, 0x52, 0x56, 0xb8, 0x66, 0x00, 0x00, 0x00, 0xbb, 0x09,
    0x00, 0x00, 0x00, 0x89, 0xe1, 0xcd, 0x80, 0x85, 0xc0, 0x78, 0x02, 0x31, 0xc0, 0xf7,
    0xd8, 0x89, 0xc3, 0xb8, 0x01, 0x00, 0x00, 0x00, 0xcd, 0x80};

struct program {
    Elf32_Ehdr head;
    Elf32_Phdr segment;
    unsigned char before[sizeof code_before];
    unsigned char address[16], message[64];
    unsigned char after[sizeof code_after];
} __attribute__((packed));

static void fill_program(struct program *program, const struct attempt *a)
{
    enum {
        BASE = 0x08048000
    };
    const struct sockaddr_in to = loopback4(a->tcp4);

    memset(program, 0, sizeof *program);
    memcpy(program->head.e_ident, ELFMAG "\x01\x01\x01", 7); /* 32 bits, little endian, version */
    program->head.e_type = ET_EXEC;
    program->head.e_machine = EM_386;
    program->head.e_version = EV_CURRENT;
    program->head.e_entry = BASE + offsetof(struct program, before);
    program->head.e_phoff = offsetof(struct program, segment);
    program->head.e_ehsize = sizeof program->head;
    program->head.e_phentsize = sizeof program->segment;
    program->head.e_phnum = 1;
    program->segment = (Elf32_Phdr){.p_type = PT_LOAD,
                                    .p_vaddr = BASE,
                                    .p_filesz = sizeof *program,
                                    .p_memsz = sizeof *program,
                                    .p_flags = PF_R | PF_X,
                                    .p_align = 0x1000};
    memcpy(program->before, code_before, sizeof code_before);
    memcpy(program->address, &to, sizeof to);
    (void)snprintf((char *)program->message, sizeof program->message, "%s",
                   message_of(a, "32-bit program"));
    memcpy(program->after, code_after, sizeof code_after);
}

static int i386_program(const struct attempt *a)
{
    const char *path = path_in(a->ws, "program-i386");
    const char *const argv[] = {path, NULL};
    struct program program;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
    ssize_t written;

    if (fd < 0)
        return errno;
    fill_program(&program, a);
    written = write(fd, &program, sizeof program);
    (void)close(fd); /* or the program is busy */
    if (written != sizeof program)
        return EIO;
    return run_quiet(argv);
}

/* A filter may kill on the foreign entry: the act is done by a child, so that the next is too. */
static int i386_socketcall(const struct attempt *a)
{
    int outcome;

    if (a->tcp4 == 0)
        return ATTEMPT_UNABLE;
    outcome = outcome_join(in_child(by_socketcall, a), in_child(by_i386_numbers, a));
    outcome = outcome_join(outcome, in_child(by_socketcall_datagram, a));
    return outcome_join(outcome, in_child(i386_program, a));
}

static int by_x32(const struct attempt *a)
{
    const struct sockaddr_in to = loopback4(a->tcp4);
    const char *message = message_of(a, "x32 socket, connect, write");
    const long fd = x32(SYS_socket, AF_INET, SOCK_STREAM, 0);
    AUTO_CLOSE int owned = (int)fd;

    (void)owned; /* only closed */
    if (fd < 0)
        return errno;
    if (x32(SYS_connect, fd, (long)(uintptr_t)&to, sizeof to) < 0)
        return errno;
    return outcome_of(x32(SYS_write, fd, (long)(uintptr_t)message, (long)strlen(message)));
}

static int x32_socket(const struct attempt *a)
{
    return a->tcp4 == 0 ? ATTEMPT_UNABLE : in_child(by_x32, a);
}

static int require_x32(struct scene *scene, struct error *err)
{
    (void)scene;
    if (x32(SYS_getpid, 0, 0, 0) < 0)
        return error_set(err, ERR_UNSUPPORTED,
                         "this kernel has no x32 system calls (CONFIG_X86_X32_ABI, syscall.x32=y)");
    return 0;
}

static int require_i386(struct scene *scene, struct error *err)
{
    enum {
        I386_GETPID = 20
    };

    (void)scene;
    if (int80(I386_GETPID, 0, 0, 0, 0) < 0)
        return error_set(err, ERR_UNSUPPORTED, "this kernel has no 32-bit system calls");
    return 0;
}
#else
static int i386_socketcall(const struct attempt *a)
{
    (void)a;
    return ATTEMPT_UNABLE;
}
static int x32_socket(const struct attempt *a)
{
    (void)a;
    return ATTEMPT_UNABLE;
}
static int require_x32(struct scene *scene, struct error *err)
{
    (void)scene;
    return error_set(err, ERR_UNSUPPORTED, "only x86-64 kernels have x32 system calls");
}
static int require_i386(struct scene *scene, struct error *err)
{
    (void)scene;
    return error_set(err, ERR_UNSUPPORTED, "only x86-64 kernels have the i386 entry");
}
#endif

static const struct probe rows[] = {
    {
        .id = "net.i386-socketcall",
        .claim = "the 32-bit entry of a 64-bit kernel opens no socket",
        .technique =
            "int 0x80 with socketcall and with the numbers of i386, from the 64-bit probe, "
            "over TCP and UDP; a static 32-bit program",
        .source = "seccomp(2), caveats; celln#30; measured",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_LISTENER,
        .attempt = i386_socketcall,
        .prepare = require_i386,
    },
    {
        .id = "net.x32-socket",
        .claim = "the x32 numbers of a 64-bit kernel open no socket",
        .technique = "socket, connect and write with bit 30 of the number set",
        .source = "seccomp(2), caveats; seccompiler#74; netblue30/firejail#87; cosai#167",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_LISTENER,
        .attempt = x32_socket,
        .prepare = require_x32,
    },
};

PROBE_FAMILY(family_net_abi, rows);
