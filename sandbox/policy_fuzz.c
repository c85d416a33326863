/* Policies from anywhere: no crash, and nothing accepted that validation promises to refuse. Built by
 * ci/fuzz with Clang's libFuzzer. */
#include <stdint.h>
#include <stdlib.h>

#include "sandbox/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_accepted(const struct policy *policy, const struct policy_place *place)
{
    for (size_t i = 0; i <= policy->writable.count; i++) {
        const char *root = i == 0 ? policy->workspace : policy->writable.items[i - 1];

        if (!path_is_absolute(place->style, root) || path_is_top(place->style, root) ||
            path_is_within(place->style, place->home, root))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct policy_place places[] = {{PATH_POSIX, "/home/u"}, {PATH_WINDOWS, "C:\\Users\\u"}};

    for (size_t i = 0; i < 2; i++) {
        struct policy policy;
        struct error err;

        if (policy_init(&policy, &err) < 0)
            return 0;
        if (policy_read_json(&policy, (const char *)data, size, &err) == 0 &&
            policy_check(&policy, &places[i], &err) == 0)
            check_accepted(&policy, &places[i]);
        policy_done(&policy);
    }
    return 0;
}
