#include "sandbox/linux/git_index.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "base/auto.h"
#include "sandbox/linux/supervisor_internal.h"

/* gitformat-index(5): what comes before the name of an entry, without the hash and the flags. */
enum {
    STAT_SIZE = 40,
    MODE_AT = 24,
    FLAG_EXTENDED = 0x4000,
    TYPE_MASK = 0170000,
    TYPE_REGULAR = 0100000,
    TYPE_LINK = 0120000,
    TYPE_MODULE = 0160000
};

struct reader {
    const unsigned char *bytes;
    size_t size; /* without the hash at the end */
    size_t at;
    size_t hash_size;
    uint32_t version;
    uint32_t entry_count;
    size_t entries_end;
    /* of the table of blocks, when there is one: where the next one begins, and after how many entries */
    const unsigned char *blocks;
    size_t block_count;
    uint32_t until_block;
    char name[PATH_MAX]; /* of the entry before: version 4 abbreviates */
    size_t name_length;
};

static uint32_t number_at(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static bool has_left(const struct reader *r, size_t count)
{
    return count <= r->size - r->at;
}

/* --- names ----------------------------------------------------------------------------------------- */

static bool component_is_safe(const char *text, size_t length, uint32_t type)
{
    if (length == 0 || (length == 1 && text[0] == '.') ||
        (length == 2 && memcmp(text, "..", 2) == 0))
        return false;
    if (name_is_same(text, length, ".git", 4) || name_is_same(text, length, "git~1", 5))
        return false;
    return type != TYPE_LINK || !name_is_same(text, length, ".gitmodules", 11);
}

static bool name_is_safe(const struct reader *r, uint32_t type)
{
    const char *at = r->name;
    const char *end = r->name + r->name_length;

    for (;;) {
        const char *slash = memchr(at, '/', (size_t)(end - at));
        const char *stop = slash != NULL ? slash : end;

        if (!component_is_safe(at, (size_t)(stop - at), type))
            return false;
        if (slash == NULL)
            return true;
        at = slash + 1;
    }
}

/* The offset encoding of packs: seven bits a byte, one added for each continuation. */
static bool read_strip(struct reader *r, size_t *strip)
{
    size_t value = 0;

    for (;;) {
        unsigned char byte;

        if (!has_left(r, 1) || value > PATH_MAX)
            return false;
        byte = r->bytes[r->at++];
        value = value << 7 | (byte & 127);
        if ((byte & 128) == 0)
            break;
        value++;
    }
    *strip = value;
    return true;
}

/* is_first: a git with several threads begins to read here and knows no name before. */
static bool read_name(struct reader *r, bool is_first)
{
    const unsigned char *end;
    size_t kept = 0;
    size_t length;

    if (r->version == 4) {
        size_t strip;

        if (!read_strip(r, &strip) || strip > r->name_length)
            return false;
        kept = r->name_length - strip;
    }
    if (is_first && kept > 0)
        return false;
    end = memchr(r->bytes + r->at, '\0', r->size - r->at);
    if (end == NULL)
        return false;
    length = (size_t)(end - (r->bytes + r->at));
    if (kept + length >= sizeof r->name)
        return false;
    memcpy(r->name + kept, r->bytes + r->at, length);
    r->name_length = kept + length;
    r->at += length + 1;
    return true;
}

/* --- entries --------------------------------------------------------------------------------------- */

static bool read_entry(struct reader *r, bool is_first)
{
    const size_t start = r->at;
    size_t head = STAT_SIZE + r->hash_size + 2;
    uint32_t type;
    unsigned flags;

    if (!has_left(r, head + 2))
        return false;
    type = number_at(r->bytes + start + MODE_AT) & TYPE_MASK;
    if (type != TYPE_REGULAR && type != TYPE_LINK && type != TYPE_MODULE)
        return false;
    flags = (unsigned)r->bytes[start + head - 2] << 8 | r->bytes[start + head - 1];
    if ((flags & FLAG_EXTENDED) != 0) {
        if (r->version < 3)
            return false;
        head += 2;
    }
    r->at = start + head;
    if (!read_name(r, is_first) || !name_is_safe(r, type))
        return false;
    /* the length in the flags is what git goes by, up to 4095 */
    if ((flags & 0xfff) != (r->name_length < 0xfff ? r->name_length : 0xfff))
        return false;
    if (r->version == 4)
        return true;
    r->at = start + ((head + r->name_length + 8) & ~(size_t)7);
    return r->at <= r->size;
}

/* Does a block begin at this entry? False also when the table says something that is not so. */
static bool begin_block(struct reader *r, bool *is_first)
{
    *is_first = false;
    if (r->blocks == NULL || r->until_block > 0)
        return true;
    if (r->block_count == 0 || number_at(r->blocks) != r->at || number_at(r->blocks + 4) == 0)
        return false;
    r->until_block = number_at(r->blocks + 4);
    r->blocks += 8;
    r->block_count--;
    *is_first = true;
    return true;
}

static bool read_entries(struct reader *r)
{
    r->at = 12;
    r->name_length = 0;
    for (uint32_t i = 0; i < r->entry_count; i++) {
        bool is_first;

        if (!begin_block(r, &is_first) || !read_entry(r, is_first))
            return false;
        r->until_block -= r->blocks != NULL;
    }
    r->entries_end = r->at;
    return r->blocks == NULL || (r->block_count == 0 && r->until_block == 0);
}

/* --- extensions ------------------------------------------------------------------------------------ */

/* IEOT: version 1, then offset and number of entries of each block. */
static bool take_blocks(struct reader *r, const unsigned char *data, size_t size)
{
    if (r->blocks != NULL || size < 4 || number_at(data) != 1 || (size - 4) % 8 != 0)
        return false;
    r->blocks = data + 4;
    r->block_count = (size - 4) / 8;
    return true;
}

static bool take_extension(struct reader *r, const unsigned char *name, const unsigned char *data,
                           size_t size)
{
    if (memcmp(name, "IEOT", 4) == 0)
        return take_blocks(r, data, size);
    if (memcmp(name, "EOIE", 4) == 0)
        return size >= 4 && number_at(data) == r->entries_end;
    /* a small first letter: git must understand it. "link" names a shared index, which nobody makes
     * inside; "sdir" has directories as entries */
    return (name[0] >= 'A' && name[0] <= 'Z') || memcmp(name, "link", 4) == 0;
}

static bool read_extensions(struct reader *r)
{
    while (r->at < r->size) {
        const unsigned char *name = r->bytes + r->at;
        uint32_t size;

        if (!has_left(r, 8))
            return false;
        size = number_at(name + 4);
        r->at += 8;
        if (!has_left(r, size) || !take_extension(r, name, name + 8, size))
            return false;
        r->at += size;
    }
    return true;
}

bool git_index_is_safe(const unsigned char *bytes, size_t size, size_t hash_size)
{
    struct reader r = {.bytes = bytes, .hash_size = hash_size};

    if (size < 12 + hash_size || memcmp(bytes, "DIRC", 4) != 0)
        return false;
    r.size = size - hash_size;
    r.version = number_at(bytes + 4);
    r.entry_count = number_at(bytes + 8);
    if (r.version < 2 || r.version > 4 || !read_entries(&r) || !read_extensions(&r))
        return false;
    /* with a table of blocks: once more, the way it says */
    return r.blocks == NULL || read_entries(&r);
}

bool git_head_is_safe(const char *bytes, size_t size)
{
    static const char mark[] = "ref: refs/";

    if (size < 2 || bytes[size - 1] != '\n' || memchr(bytes, '\n', size) != bytes + size - 1)
        return false;
    size--;
    if (size > sizeof mark - 1 && memcmp(bytes, mark, sizeof mark - 1) == 0) {
        for (size_t i = 0; i < size; i++) {
            if ((unsigned char)bytes[i] < ' ')
                return false;
        }
        return true;
    }
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '\0' || strchr("0123456789abcdef", bytes[i]) == NULL)
            return false;
    }
    return size == 40 || size == 64;
}
