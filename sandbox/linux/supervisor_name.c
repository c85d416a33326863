/*
 * When are two names one? On ext4 and most others when their bytes are; but a
 * root may lie on vfat, NTFS, CIFS, drvfs, or an ext4 directory with casefold,
 * where `.GIT`, `.git.`, `.git::$INDEX_ALLOCATION` or `.agentſ` are the entry a
 * host program finds as `.git` or `.agents`. Nobody needs such names, so they
 * are the same everywhere. Pure.
 *
 * Sources: Unicode CaseFolding and Default_Ignorable_Code_Point (ext4, f2fs:
 * fs/unicode), hfsplus's ignorable table, vfat_striptail_len, ntfs-3g streams,
 * git's is_hfs_dotgit and is_ntfs_dotgit. 8.3 aliases (GIT~1) are not here: they
 * name an entry that exists, and making one does not make the long name.
 */
#include "sandbox/linux/supervisor_internal.h"

#include <string.h>

#include "base/auto.h"

#define FOLDED_MAX 3 /* bytes that one character folds to */

struct folded {
    size_t size;
    char text[NAME_MAX * FOLDED_MAX];
};

struct code_range {
    uint32_t first;
    uint32_t last;
};

static const struct code_range ignored[] = {
    {0x00ad, 0x00ad},   {0x034f, 0x034f},   {0x061c, 0x061c}, {0x115f, 0x1160}, {0x17b4, 0x17b5},
    {0x180b, 0x180f},   {0x200b, 0x200f},   {0x202a, 0x202e}, {0x2060, 0x206f}, {0x3164, 0x3164},
    {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0}, {0xfff0, 0xfff8}, {0x1bca0, 0x1bca3},
    {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
};

/* Characters beyond ASCII that fold to nothing but ASCII. */
static const struct {
    uint32_t code;
    const char *text;
} folds[] = {
    {0x00df, "ss"}, {0x0130, "i"},   {0x0131, "i"},   {0x017f, "s"},  {0x037e, ";"},
    {0x1e9e, "ss"}, {0x1fef, "`"},   {0x212a, "k"},   {0xfb00, "ff"}, {0xfb01, "fi"},
    {0xfb02, "fl"}, {0xfb03, "ffi"}, {0xfb04, "ffl"}, {0xfb05, "st"}, {0xfb06, "st"},
};

static unsigned char lower(unsigned char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (unsigned char)(byte + ('a' - 'A')) : byte;
}

/* The length of the UTF-8 sequence at text, its code in *code; 1 and the byte for what is none. */
static size_t decode(const unsigned char *text, size_t size, uint32_t *code)
{
    size_t length = text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : text[0] >= 0xc0 ? 2 : 1;
    uint32_t value = length == 1 ? text[0] : text[0] & (0x7fu >> length);

    *code = text[0];
    if (length > size)
        return 1;
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 1;
        value = value << 6 | (text[i] & 0x3fu);
    }
    *code = value;
    return length;
}

static bool is_ignored(uint32_t code)
{
    for (size_t i = 0; i < ARRAY_SIZE(ignored); i++) {
        if (code >= ignored[i].first && code <= ignored[i].last)
            return true;
    }
    return false;
}

static const char *find_fold(uint32_t code)
{
    for (size_t i = 0; i < ARRAY_SIZE(folds); i++) {
        if (folds[i].code == code)
            return folds[i].text;
    }
    return NULL;
}

static void add(struct folded *out, const unsigned char *bytes, size_t size)
{
    if (size > sizeof out->text - out->size)
        size = sizeof out->text - out->size;
    memcpy(out->text + out->size, bytes, size);
    out->size += size;
}

/* What is not ASCII and does not fold to it stays as it is. */
static void fold(const char *name, size_t size, struct folded *out)
{
    const unsigned char *text = (const unsigned char *)name;
    size_t used = 0;

    out->size = 0;
    for (size_t i = 0; i < size; i += used) {
        uint32_t code = 0;
        unsigned char small;
        const char *same;

        used = decode(text + i, size - i, &code);
        small = lower(text[i]);
        same = used > 1 ? find_fold(code) : NULL;
        if (used == 1)
            add(out, &small, 1);
        else if (same != NULL)
            add(out, (const unsigned char *)same, strlen(same));
        else if (!is_ignored(code))
            add(out, text + i, used);
    }
}

/* Without a stream's name, then without trailing dots and spaces; never empty. */
static size_t significant_length(const char *name, size_t length)
{
    const char *colon = length > 1 ? memchr(name + 1, ':', length - 1) : NULL;
    size_t kept = colon != NULL ? (size_t)(colon - name) : length;

    while (kept > 1 && (name[kept - 1] == '.' || name[kept - 1] == ' '))
        kept--;
    return kept;
}

bool name_is_same(const char *name, size_t length, const char *wanted, size_t wanted_length)
{
    struct folded a;
    struct folded b;

    if (length == 0 || wanted_length == 0 || length > NAME_MAX || wanted_length > NAME_MAX)
        return false;
    /* Nearly every name ends here. */
    if ((unsigned char)name[0] < 0x80 && (unsigned char)wanted[0] < 0x80 &&
        lower((unsigned char)name[0]) != lower((unsigned char)wanted[0]))
        return false;
    fold(name, significant_length(name, length), &a);
    fold(wanted, significant_length(wanted, wanted_length), &b);
    return a.size == b.size && memcmp(a.text, b.text, a.size) == 0;
}
