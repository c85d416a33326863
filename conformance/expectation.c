#include "conformance/expectation.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "results/document.h"
#include "results/model.h"

enum {
    ABI_MAX = 1000
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
    if (entry->expires == NULL)
        return error_set(err, ERR_CORRUPT,
                         "expires: missing; every gap has a day on which to look again, its own or "
                         "the file's");
    if (!result_is_date(entry->expires))
        return error_set(err, ERR_CORRUPT, "expires: %s: not a date like 2027-03-31",
                         entry->expires);
    if (entry->reason[0] == '\0' || entry->source[0] == '\0')
        return error_set(err, ERR_CORRUPT, "reason and source may not be empty");
    return 0;
}

/* The day of the whole file is for every entry without one of its own. */
static int default_expires(struct expectation *entry, const char *expires, struct error *err)
{
    if (entry->expires != NULL || expires == NULL)
        return 0;
    entry->expires = strdup(expires);
    return entry->expires != NULL ? 0 : error_memory(err, "expectations");
}

static int read_entry(struct expectation *entry, const json_t *object, const char *expires,
                      struct error *err)
{
    static const char *const keys[] = {
        "case",    "identity", "landlock_abi_below", "landlock_abi_from", "reason", "source",
        "expires", NULL,
    };

    if (document_only_keys(object, keys, err) < 0 ||
        document_get_text(object, "case", true, &entry->case_pattern, err) < 0 ||
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

static int read_list(struct expectation_list *list, const json_t *root, struct error *err)
{
    static const char *const keys[] = {"mode", "expires", "gaps", NULL};
    AUTO_FREE char *expires = NULL;
    const json_t *gaps = NULL;
    size_t count;

    if (document_only_keys(root, keys, err) < 0 ||
        document_get_text(root, "mode", true, &list->mode, err) < 0 ||
        document_get_text(root, "expires", false, &expires, err) < 0 ||
        document_get_array(root, "gaps", &gaps, err) < 0)
        return -1;
    count = json_array_size(gaps);
    list->entries = calloc(count > 0 ? count : 1, sizeof *list->entries);
    if (list->entries == NULL)
        return error_memory(err, "expectations");
    for (size_t i = 0; i < count; i++) {
        list->count = i + 1; /* so that a half-read entry is freed as well */
        if (read_entry(&list->entries[i], json_array_get(gaps, i), expires, err) < 0)
            return error_wrap(err, "gaps[%zu]", i);
    }
    return 0;
}

int expectation_list_read(struct expectation_list *list, const char *path, struct error *err)
{
    AUTO_JSON json_t *root = document_read(path, err);
    struct expectation_list made = {0};

    if (root == NULL)
        return -1;
    if (read_list(&made, root, err) < 0) {
        expectation_list_done(&made);
        return error_wrap(err, "%s", path);
    }
    *list = made;
    return 0;
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
