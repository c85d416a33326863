#include "base/test.h"
#include "conformance/probe.h"

#include <string.h>

Test(observation, keeps_every_line_of_evidence)
{
    struct observation seen = {0};

    observation_fire(&seen, "first %d", 1);
    observation_fire(&seen, "second");
    cr_assert(seen.has_fired);
    cr_assert_str_eq(seen.evidence, "first 1; second");
}

Test(observation, cuts_evidence_that_is_too_long)
{
    struct observation seen = {0};
    char text[200];

    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (int i = 0; i < 10; i++)
        observation_fire(&seen, "%s", text);
    cr_assert(strlen(seen.evidence) < sizeof seen.evidence);
    cr_assert(seen.has_fired);
}
