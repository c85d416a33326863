#include "conformance/expectation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "results/document.h"
#include "results/model.h"

enum {
    ABI_MAX = 1000
};

const struct mode_row mode_rows[] = {
    {"linux-namespace", PLATFORM_LINUX, false},
    {"linux-landlock", PLATFORM_LINUX, false},
    {"wsl-namespace", PLATFORM_WSL, false},
    {"wsl-landlock", PLATFORM_WSL, false},
    {"windows-unelevated", PLATFORM_WINDOWS, false},
    {"windows-elevated", PLATFORM_WINDOWS, false},
    {"windows-unelevated-as-published", PLATFORM_WINDOWS, true},
    {"windows-elevated-as-published", PLATFORM_WINDOWS, true},
};
const size_t mode_row_count = ARRAY_SIZE(mode_rows);

static const struct {
    const char *key;
    enum expectation_kind kind;
} sections[] = {
    {"holds", EXPECT_GOOD},
    {"not_applicable", EXPECT_NOT_APPLICABLE},
    {"open", EXPECT_OPEN},
    {"gaps", EXPECT_GAP},
};

void expectation_list_done(struct expectation_list *list)
{
    if (list == NULL)
        return;
    for (size_t i = 0; i < list->count; i++) {
        free(list->entries[i].case_pattern);
        free(list->entries[i].identity);
        free(list->entries[i].reason);
        free(list->entries[i].source);
        free(list->entries[i].expires);
    }
    free(list->entries);
    free(list->mode);
    free(list->unverified);
    memset(list, 0, sizeof *list);
}

static int read_abi(const json_t *object, const char *key, int *abi, struct error *err)
{
    uint64_t value = 0;

    if (json_object_get(object, key) == NULL)
        return 0;
    if (document_get_u64(object, key, ABI_MAX, &value, err) < 0)
        return -1;
    *abi = (int)value;
    return 0;
}

static int check_words(const struct expectation *entry, struct error *err)
{
    if (entry->identity != NULL && strcmp(entry->identity, "root") != 0 &&
        strcmp(entry->identity, "user") != 0)
        return error_set(err, ERR_CORRUPT, "identity: %s: neither root nor user", entry->identity);
    if (entry->expires == NULL && entry->kind == EXPECT_GAP)
        return error_set(err, ERR_CORRUPT,
                         "expires: missing; every gap has a day on which to look again, its own or "
                         "the file's");
    if (entry->expires != NULL && !result_is_date(entry->expires))
        return error_set(err, ERR_CORRUPT, "expires: %s: not a date like 2027-03-31",
                         entry->expires);
    if (entry->reason[0] == '\0' || entry->source[0] == '\0')
        return error_set(err, ERR_CORRUPT, "reason and source may not be empty");
    return 0;
}

/* The day of the whole file is for every entry without one of its own. */
static int default_expires(struct expectation *entry, const char *expires, struct error *err)
{
    if (entry->expires != NULL || expires == NULL || entry->kind != EXPECT_GAP)
        return 0;
    entry->expires = strdup(expires);
    return entry->expires != NULL ? 0 : error_memory(err, "expectations");
}

/* "case", or the one at `index` of "cases". */
static int read_pattern(const json_t *object, size_t index, char **pattern, struct error *err)
{
    const json_t *cases = NULL;
    const char *text;

    if (json_object_get(object, "cases") == NULL)
        return document_get_text(object, "case", true, pattern, err);
    if (json_object_get(object, "case") != NULL)
        return error_set(err, ERR_CORRUPT, "both case and cases");
    if (document_get_array(object, "cases", &cases, err) < 0)
        return -1;
    text = json_string_value(json_array_get(cases, index));
    if (text == NULL || text[0] == '\0')
        return error_set(err, ERR_CORRUPT, "cases[%zu]: not a case", index);
    *pattern = strdup(text);
    return *pattern != NULL ? 0 : error_memory(err, "expectations");
}

static int read_entry(struct expectation *entry, const json_t *object, size_t index,
                      const char *expires, struct error *err)
{
    static const char *const keys[] = {
        "case",   "cases",   "identity", "landlock_abi_below", "landlock_abi_from", "reason",
        "source", "expires", NULL,
    };

    if (document_only_keys(object, keys, err) < 0 ||
        read_pattern(object, index, &entry->case_pattern, err) < 0 ||
        document_get_text(object, "identity", false, &entry->identity, err) < 0 ||
        document_get_text(object, "reason", true, &entry->reason, err) < 0 ||
        document_get_text(object, "source", true, &entry->source, err) < 0 ||
        document_get_text(object, "expires", false, &entry->expires, err) < 0 ||
        read_abi(object, "landlock_abi_below", &entry->abi_below, err) < 0 ||
        read_abi(object, "landlock_abi_from", &entry->abi_from, err) < 0 ||
        default_expires(entry, expires, err) < 0)
        return -1;
    return check_words(entry, err);
}

/* Room for so many more entries, empty. */
static int grow(struct expectation_list *list, size_t more, struct error *err)
{
    const size_t count = list->count + more;
    struct expectation *entries =
        realloc(list->entries, (count > 0 ? count : 1) * sizeof *list->entries);

    if (entries == NULL)
        return error_memory(err, "expectations");
    list->entries = entries;
    memset(entries + list->count, 0, more * sizeof *entries);
    return 0;
}

/* It is freed with the list, also if it is half read. */
static struct expectation *add_entry(struct expectation_list *list, enum expectation_kind kind,
                                     struct error *err)
{
    struct expectation *entry;

    if (grow(list, 1, err) < 0)
        return NULL;
    entry = &list->entries[list->count++];
    entry->kind = kind;
    return entry;
}

static int read_section(struct expectation_list *list, const json_t *root, size_t section,
                        const char *expires, struct error *err)
{
    const char *key = sections[section].key;
    const json_t *array = NULL;

    if (sections[section].kind != EXPECT_GAP && json_object_get(root, key) == NULL)
        return 0;
    if (document_get_array(root, key, &array, err) < 0)
        return -1;
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *object = json_array_get(array, i);
        const size_t count = json_array_size(json_object_get(object, "cases"));

        for (size_t c = 0; c == 0 || c < count; c++) {
            struct expectation *entry = add_entry(list, sections[section].kind, err);

            if (entry == NULL || read_entry(entry, object, c, expires, err) < 0)
                return error_wrap(err, "%s[%zu]", key, i);
        }
    }
    return 0;
}

static int read_list(struct expectation_list *list, const json_t *root, char **like,
                     struct error *err)
{
    static const char *const keys[] = {"mode",  "unverified",     "like", "expires", "gaps",
                                       "holds", "not_applicable", "open", NULL};
    AUTO_FREE char *expires = NULL;

    if (document_only_keys(root, keys, err) < 0 ||
        document_get_text(root, "mode", true, &list->mode, err) < 0 ||
        document_get_text(root, "unverified", false, &list->unverified, err) < 0 ||
        document_get_text(root, "like", false, like, err) < 0 ||
        document_get_text(root, "expires", false, &expires, err) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
        if (read_section(list, root, i, expires, err) < 0)
            return -1;
    }
    return 0;
}

static int read_alone(struct expectation_list *list, const char *path, char **like,
                      struct error *err)
{
    AUTO_JSON json_t *root = document_read(path, err);

    if (root == NULL)
        return -1;
    if (read_list(list, root, like, err) < 0)
        return error_wrap(err, "%s", path);
    return 0;
}

/* What another file, beside this one, says of what this one does not name. */
static int add_like(struct expectation_list *list, const char *path, const char *like,
                    struct error *err)
{
    struct expectation_list other = {0};
    AUTO_FREE char *further = NULL;
    const char *slash = strrchr(path, '/');
    char beside[4096];
    int result;

    (void)snprintf(beside, sizeof beside, "%.*s%.200s.json",
                   slash != NULL ? (int)(slash + 1 - path) : 0, path, like);
    result = read_alone(&other, beside, &further, err);
    if (result == 0 && further != NULL)
        result = error_set(err, ERR_CORRUPT, "%s: like: %s is itself like another", path, like);
    if (result == 0)
        result = grow(list, other.count, err);
    if (result == 0 && other.count > 0) {
        memcpy(list->entries + list->count, other.entries, other.count * sizeof *other.entries);
        for (size_t i = 0; i < other.count; i++)
            list->entries[list->count++].is_borrowed = true;
        other.count = 0; /* taken */
    }
    expectation_list_done(&other);
    return result;
}

int expectation_list_read(struct expectation_list *list, const char *path, struct error *err)
{
    struct expectation_list made = {0};
    AUTO_FREE char *like = NULL;

    if (read_alone(&made, path, &like, err) < 0 ||
        (like != NULL && add_like(&made, path, like, err) < 0)) {
        expectation_list_done(&made);
        return -1;
    }
    *list = made;
    return 0;
}

bool expectation_is_limited(const struct expectation *entry)
{
    return entry->identity != NULL || entry->abi_below != 0 || entry->abi_from != 0;
}

enum verdict expectation_verdict(const struct expectation *entry, bool is_must_work)
{
    switch (entry != NULL ? entry->kind : EXPECT_GOOD) {
    case EXPECT_GOOD:
        break;
    case EXPECT_NOT_APPLICABLE:
        return VERDICT_SKIPPED;
    case EXPECT_OPEN:
        return VERDICT_UNVERIFIABLE;
    case EXPECT_GAP:
        return is_must_work ? VERDICT_OVERBLOCKED : VERDICT_ESCAPED;
    }
    return is_must_work ? VERDICT_WORKS : VERDICT_HELD;
}

const struct expectation *expectation_find(const struct expectation_list *list, const char *id,
                                           const char *identity, int landlock_abi)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct expectation *entry = &list->entries[i];

        if (!text_matches(entry->case_pattern, id))
            continue;
        if (entry->identity != NULL && strcmp(entry->identity, identity) != 0)
            continue;
        if (entry->abi_below != 0 && landlock_abi >= entry->abi_below)
            continue;
        if (entry->abi_from != 0 && landlock_abi < entry->abi_from)
            continue;
        return entry;
    }
    return NULL;
}
