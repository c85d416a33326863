#include "conformance/probes/preload.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "conformance/probes/host.h"

/*
 * push rdi; push rsi; push rdx; mov eax,2 (open); lea rdi,[rip+MARK]; mov esi,O_CREAT|O_WRONLY;
 * mov edx,0644; syscall; pop rdx; pop rsi; pop rdi; ret; MARK follows
 */
static const unsigned char code[] = {
    0x57, 0x56, 0x52, 0xb8, 0x02, 0x00, 0x00, 0x00, 0x48, 0x8d, 0x3d, 0x10, 0x00, 0x00, 0x00, 0xbe,
    0x41, 0x00, 0x00, 0x00, 0xba, 0xa4, 0x01, 0x00, 0x00, 0x0f, 0x05, 0x5a, 0x5e, 0x5f, 0xc3};

struct object {
    Elf64_Ehdr head;
    Elf64_Phdr load, dynamic, stack;
    Elf64_Dyn entries[6];
    Elf64_Sym symbols[1];
    char strings[8];
    unsigned char code[sizeof code];
    char mark[512];
};

static void fill_segments(struct object *object)
{
    object->load = (Elf64_Phdr){.p_type = PT_LOAD,
                                .p_flags = PF_R | PF_W | PF_X,
                                .p_filesz = sizeof *object,
                                .p_memsz = sizeof *object,
                                .p_align = 0x1000};
    object->dynamic = (Elf64_Phdr){.p_type = PT_DYNAMIC,
                                   .p_flags = PF_R | PF_W,
                                   .p_offset = offsetof(struct object, entries),
                                   .p_vaddr = offsetof(struct object, entries),
                                   .p_filesz = sizeof object->entries,
                                   .p_memsz = sizeof object->entries,
                                   .p_align = 8};
    object->stack = (Elf64_Phdr){.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W};
}

static void fill_entries(struct object *object)
{
    const Elf64_Dyn entries[] = {
        {.d_tag = DT_INIT, .d_un.d_ptr = offsetof(struct object, code)},
        {.d_tag = DT_STRTAB, .d_un.d_ptr = offsetof(struct object, strings)},
        {.d_tag = DT_STRSZ, .d_un.d_val = sizeof object->strings},
        {.d_tag = DT_SYMTAB, .d_un.d_ptr = offsetof(struct object, symbols)},
        {.d_tag = DT_SYMENT, .d_un.d_val = sizeof object->symbols[0]},
        {.d_tag = DT_NULL},
    };

    memcpy(object->entries, entries, sizeof entries);
}

static void fill_object(struct object *object, const char *mark)
{
    memset(object, 0, sizeof *object);
    memcpy(object->head.e_ident, ELFMAG "\x02\x01\x01", 7); /* 64 bits, little endian, version */
    object->head.e_type = ET_DYN;
    object->head.e_machine = EM_X86_64;
    object->head.e_version = EV_CURRENT;
    object->head.e_phoff = offsetof(struct object, load);
    object->head.e_ehsize = sizeof object->head;
    object->head.e_phentsize = sizeof object->load;
    object->head.e_phnum = 3;
    fill_segments(object);
    fill_entries(object);
    memcpy(object->code, code, sizeof code);
    (void)snprintf(object->mark, sizeof object->mark, "%s", mark);
}

#if defined(__x86_64__)
static const bool is_supported = true;
#else
static const bool is_supported = false;
#endif

int preload_plant(const struct scene *scene, const char *path, const char *mark, struct error *err)
{
    struct object object;

    if (!is_supported)
        return error_set(err, ERR_UNSUPPORTED, "the object is made for x86-64 only");
    if (host_plant(scene, path, "", 0755, err) < 0)
        return -1;
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    fill_object(&object, mark);
    if (fd < 0 || write(fd, &object, sizeof object) != (ssize_t)sizeof object)
        return error_os(err, errno, "write %s", path);
    return 0;
}
