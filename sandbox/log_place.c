/* The part of it that is the same on every platform. */
#include "sandbox/log_place.h"

#include "base/auto.h"

static int add_root(struct text_list *roots, const char *path, char *(*real)(const char *path),
                    struct error *err)
{
    AUTO_FREE char *resolved = real(path);

    if (text_list_add(roots, path, err) < 0)
        return -1;
    return resolved == NULL ? 0 : text_list_add(roots, resolved, err);
}

int log_place_roots(const struct policy *policy, char *(*real)(const char *path),
                    struct text_list *roots, struct error *err)
{
    if (add_root(roots, policy->workspace, real, err) < 0)
        return -1;
    for (size_t i = 0; i < policy->writable.count; i++) {
        if (add_root(roots, policy->writable.items[i], real, err) < 0)
            return -1;
    }
    return 0;
}

int log_place_outside(enum path_style style, const struct text_list *roots, const char *path,
                      struct error *err)
{
    for (size_t i = 0; i < roots->count; i++) {
        if (!path_is_within(style, path, roots->items[i]))
            continue;
        (void)error_set(err, ERR_REFUSED,
                        "log: \"%.200s\" lies in \"%.200s\", where the command can write", path,
                        roots->items[i]);
        return error_hint(err, "put the log elsewhere: the command could change it, or lead it to "
                               "another file by a link");
    }
    return 0;
}
