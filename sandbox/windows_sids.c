#include "sandbox/windows_sids.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "sandbox/nt/bytes.h"
#include "sandbox/nt/journal.h"
#include "sandbox/path.h"

static const char head[] = "holdfast-sids 1\n";

void windows_sids_done(struct windows_sids *sids)
{
    for (size_t i = 0; i < sids->count; i++) {
        free(sids->roots[i].identity);
        free(sids->roots[i].path);
    }
    free(sids->roots);
    *sids = (struct windows_sids){0};
}

struct nt_sid windows_sid_from_random(const uint8_t random[WINDOWS_SID_RANDOM])
{
    struct nt_sid sid = {.authority = 0, .count = 4};

    for (size_t i = 0; i < 4; i++)
        sid.sub[i] = nt_get32(random + 4 * i);
    return sid;
}

int windows_sids_add(struct windows_sids *sids, const char *path, const char *identity,
                     const struct nt_sid *sid, struct error *err)
{
    struct windows_known_root *roots = realloc(sids->roots, (sids->count + 1) * sizeof *roots);
    struct windows_known_root root = {*sid, strdup(identity), strdup(path)};

    if (roots != NULL)
        sids->roots = roots;
    if (roots == NULL || root.identity == NULL || root.path == NULL) {
        free(root.identity);
        free(root.path);
        return error_memory(err, "SIDs");
    }
    roots[sids->count++] = root;
    return 0;
}

const struct windows_known_root *windows_sids_find(const struct windows_sids *sids,
                                                   const char *path, const char *identity)
{
    for (size_t i = sids->count; i > 0; i--) {
        const struct windows_known_root *root = &sids->roots[i - 1];

        if (strcmp(root->identity, identity) == 0 &&
            path_is_within(PATH_WINDOWS, root->path, path) &&
            path_is_within(PATH_WINDOWS, path, root->path))
            return root;
    }
    return NULL;
}

void windows_sids_write(const struct windows_sids *sids, struct buffer *out)
{
    size_t start = out->size;
    char text[NT_SID_TEXT_MAX];

    buffer_add_text(out, head);
    if (sids->has_marker) {
        nt_sid_format(&sids->marker, text);
        buffer_printf(out, "%s\tmarker\n", text);
    }
    for (size_t i = 0; i < sids->count; i++) {
        nt_sid_format(&sids->roots[i].sid, text);
        buffer_printf(out, "%s\t%s\t%s\n", text, sids->roots[i].identity, sids->roots[i].path);
    }
    if (!buffer_failed(out))
        buffer_printf(out, "crc %08" PRIx32 "\n",
                      nt_crc32((const uint8_t *)out->data + start, out->size - start));
}

static int damaged(const char *why, struct error *err)
{
    (void)error_set(err, ERR_CORRUPT, "list of SIDs: %s", why);
    return error_hint(err, "run holdfast-sandbox teardown, then try again");
}

/* "SID \t marker" or "SID \t identity \t path", without the line end. */
static int read_line(char *line, struct windows_sids *sids, struct error *err)
{
    char *second = strchr(line, '\t');
    char *third;
    struct nt_sid sid;

    if (second == NULL)
        return damaged("a line without columns", err);
    *second++ = '\0';
    if (nt_sid_parse(line, &sid, err) < 0)
        return damaged("a line without a SID", err);
    third = strchr(second, '\t');
    if (third == NULL && strcmp(second, "marker") == 0 && !sids->has_marker) {
        sids->marker = sid;
        sids->has_marker = true;
        return 0;
    }
    if (third == NULL)
        return damaged("a line without a path", err);
    *third++ = '\0';
    return windows_sids_add(sids, third, second, &sid, err);
}

static int read_lines(char *text, struct windows_sids *sids, struct error *err)
{
    while (*text != '\0') {
        char *end = strchr(text, '\n');

        if (end == NULL)
            return damaged("its last line is cut off", err);
        *end = '\0';
        if (read_line(text, sids, err) < 0)
            return -1;
        text = end + 1;
    }
    return 0;
}

/* The part that the checksum at the end is about; NULL: it does not agree. */
static char *checked_body(const char *text, size_t size)
{
    enum {
        TAIL = 13
    }; /* "crc 1c291ca3\n" */
    char tail[TAIL + 1];

    if (size < sizeof head - 1 + TAIL || memcmp(text, head, sizeof head - 1) != 0)
        return NULL;
    (void)snprintf(tail, sizeof tail, "crc %08" PRIx32 "\n",
                   nt_crc32((const uint8_t *)text, size - TAIL));
    if (memcmp(text + size - TAIL, tail, TAIL) != 0)
        return NULL;
    return text_copy(text + sizeof head - 1, size - TAIL - (sizeof head - 1));
}

int windows_sids_read(const char *text, size_t size, struct windows_sids *sids, struct error *err)
{
    struct windows_sids found = {0};
    AUTO_FREE char *body = NULL;

    if (size == 0) {
        *sids = found;
        return 0;
    }
    body = checked_body(text, size);
    if (body == NULL || strlen(body) + sizeof head - 1 + 13 != size)
        return damaged("its checksum does not agree", err);
    if (read_lines(body, &found, err) < 0) {
        windows_sids_done(&found);
        return -1;
    }
    *sids = found;
    return 0;
}
