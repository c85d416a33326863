#include "sandbox/windows_model_test.h"

#include "base/test.h"

void model_open(struct model *model, enum model_mode mode, enum windows_variant variant,
                bool has_second_root)
{
    windows_model_open(model, mode, variant, has_second_root);
    cr_assert(!model->has_failed, "%s", model->failure.message);
}

void model_close(struct model *model)
{
    windows_model_close(model);
}

void model_apply(struct model *model, enum model_mode mode, enum windows_variant variant)
{
    windows_model_apply(model, mode, variant);
    cr_assert(!model->has_failed, "%s", model->failure.message);
}

void model_add(struct model *model, const char *path, bool is_directory, const char *sddl)
{
    windows_model_add(model, path, is_directory, sddl);
    cr_assert(!model->has_failed, "%s: %s", path, model->failure.message);
}

struct nt_entry *model_find(struct model *model, const char *path)
{
    return windows_model_find(model, path);
}

struct nt_actor model_command(const struct model *model, uint32_t extra)
{
    return windows_model_command(model, extra);
}

bool model_is_in_root(const struct model *model, const char *path)
{
    for (size_t i = 0; i < model->facts.root_count; i++) {
        if (path_is_within(PATH_WINDOWS, path, model->facts.roots[i].path + 3))
            return true;
    }
    return false;
}

bool model_is_protected(const struct model *model, const char *path)
{
    for (size_t i = 0; i < model->facts.name_count; i++) {
        if (path_is_within(PATH_WINDOWS, path, model->facts.names[i].path + 3))
            return true;
    }
    return false;
}
