/* Flags are bits that several people add: two with the same bit would silently mean both. */
#include "conformance/probe.h"

#include "base/auto.h"
#include "base/test.h"

Test(probe, every_flag_has_a_bit_of_its_own)
{
    static const unsigned flags[] = {
        CASE_PTY,          CASE_EXPECT_TIMEOUT, CASE_SERIAL,      CASE_LOOPBACK,
        CASE_NETWORK_HOST, CASE_NO_REPOSITORY,  CASE_CWD_OUTSIDE, CASE_INFORMATIONAL,
        CASE_WRAPPED,      CASE_MAY_REFUSE,     CASE_LAUNCHER,
    };
    static const unsigned oracles[] = {
        ORACLE_CANARY, ORACLE_METADATA, ORACLE_LISTENER, ORACLE_VICTIM,
        ORACLE_LEAK,   ORACLE_PROCESS,  ORACLE_TRIGGER,  ORACLE_CUSTOM,
    };
    unsigned seen = 0;

    for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
        cr_assert_eq(seen & flags[i], 0, "flag %zu", i);
        seen |= flags[i];
    }
    seen = 0;
    for (size_t i = 0; i < ARRAY_SIZE(oracles); i++) {
        cr_assert_eq(seen & oracles[i], 0, "oracle %zu", i);
        seen |= oracles[i];
    }
}
