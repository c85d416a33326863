#include "conformance/skips.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "results/document.h"

void skip_list_done(struct skip_list *list)
{
    if (list == NULL)
        return;
    for (size_t i = 0; i < list->count; i++) {
        strings_done(&list->rules[i].cases);
        strings_done(&list->rules[i].sandboxes);
        free(list->rules[i].identity);
        free(list->rules[i].reason);
    }
    free(list->rules);
    memset(list, 0, sizeof *list);
}

static int read_texts(struct strings *texts, const json_t *object, const char *key,
                      struct error *err)
{
    const json_t *array = NULL;

    if (json_object_get(object, key) == NULL)
        return 0;
    if (document_get_array(object, key, &array, err) < 0)
        return -1;
    for (size_t i = 0; i < json_array_size(array); i++) {
        const char *text = json_string_value(json_array_get(array, i));

        if (text == NULL || text[0] == '\0')
            return error_set(err, ERR_CORRUPT, "%s[%zu]: not a text", key, i);
        if (strings_add(texts, text, err) < 0)
            return -1;
    }
    return 0;
}

static int read_rule(struct skip_rule *rule, const json_t *object, struct error *err)
{
    static const char *const keys[] = {"cases", "reason", "identity", "sandboxes", NULL};

    if (document_only_keys(object, keys, err) < 0 ||
        read_texts(&rule->cases, object, "cases", err) < 0 ||
        read_texts(&rule->sandboxes, object, "sandboxes", err) < 0 ||
        document_get_text(object, "reason", true, &rule->reason, err) < 0 ||
        document_get_text(object, "identity", false, &rule->identity, err) < 0)
        return -1;
    if (rule->cases.count == 0)
        return error_set(err, ERR_CORRUPT, "cases: none");
    if (strcmp(rule->reason, "*") == 0 || rule->reason[0] == '\0')
        return error_set(err, ERR_CORRUPT, "reason: \"%s\" allows anything", rule->reason);
    if (rule->identity != NULL && strcmp(rule->identity, "root") != 0 &&
        strcmp(rule->identity, "user") != 0)
        return error_set(err, ERR_CORRUPT, "identity: %s: neither root nor user", rule->identity);
    return 0;
}

static int read_list(struct skip_list *list, const json_t *root, struct error *err)
{
    static const char *const keys[] = {"skips", NULL};
    const json_t *skips = NULL;
    size_t count;

    if (document_only_keys(root, keys, err) < 0 ||
        document_get_array(root, "skips", &skips, err) < 0)
        return -1;
    count = json_array_size(skips);
    list->rules = calloc(count > 0 ? count : 1, sizeof *list->rules);
    if (list->rules == NULL)
        return error_memory(err, "skips");
    for (size_t i = 0; i < count; i++) {
        list->count = i + 1; /* so that a half-read rule is freed as well */
        if (read_rule(&list->rules[i], json_array_get(skips, i), err) < 0)
            return error_wrap(err, "skips[%zu]", i);
    }
    return 0;
}

int skip_list_read(struct skip_list *list, const char *path, struct error *err)
{
    AUTO_JSON json_t *root = document_read(path, err);
    struct skip_list made = {0};

    if (root == NULL)
        return -1;
    if (read_list(&made, root, err) < 0) {
        skip_list_done(&made);
        return error_wrap(err, "%s", path);
    }
    *list = made;
    return 0;
}

static bool matches_any(const struct strings *patterns, const char *text)
{
    for (size_t i = 0; i < patterns->count; i++) {
        if (text_matches(patterns->items[i], text))
            return true;
    }
    return false;
}

bool skip_list_allows(const struct skip_list *list, const struct result_case *row)
{
    const char *reason = row->reason != NULL ? row->reason : "";

    for (size_t i = 0; i < list->count; i++) {
        const struct skip_rule *rule = &list->rules[i];

        if ((rule->identity == NULL || strcmp(rule->identity, row->identity) == 0) &&
            (rule->sandboxes.count == 0 || matches_any(&rule->sandboxes, row->sandbox)) &&
            matches_any(&rule->cases, row->id) && text_matches(rule->reason, reason))
            return true;
    }
    return false;
}
