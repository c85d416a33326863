/* The pretended machine of sandbox/simulate/windows_model.h, for tests: what fails there fails the test. */
#ifndef HOLDFAST_SANDBOX_WINDOWS_MODEL_TEST_H
#define HOLDFAST_SANDBOX_WINDOWS_MODEL_TEST_H

#include "sandbox/simulate/windows_model.h"

void model_open(struct model *model, enum model_mode mode, enum windows_variant variant,
                bool has_second_root);
void model_close(struct model *model);
void model_apply(struct model *model, enum model_mode mode, enum windows_variant variant);
void model_add(struct model *model, const char *path, bool is_directory, const char *sddl);
struct nt_entry *model_find(struct model *model, const char *path);
/* Is this path, "Users\\u\\...", in a root, or at or below a protected name? */
bool model_is_in_root(const struct model *model, const char *path);
bool model_is_protected(const struct model *model, const char *path);
struct nt_actor model_command(const struct model *model, uint32_t extra);

#endif
