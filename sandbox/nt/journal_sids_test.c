#include "base/test.h"

#include <stdlib.h>

#include "base/auto.h"
#include "sandbox/nt/change.h"

static void add(struct buffer *out, uint32_t sequence, const char *before, const char *after)
{
    AUTO_SD struct nt_sd x = NT_SD_EMPTY;
    AUTO_SD struct nt_sd y = NT_SD_EMPTY;
    AUTO_FREE uint8_t *x_bytes = NULL;
    AUTO_FREE uint8_t *y_bytes = NULL;
    struct nt_record record = {
        .type = NT_RECORD_CHANGE, .kind = NT_KIND_ACL, .sequence = sequence, .object = "C:\\w"};
    struct error err = {0};

    cr_assert_eq(nt_sddl_parse(before, NULL, &x, &err), 0, "%s", err.message);
    cr_assert_eq(nt_sddl_parse(after, NULL, &y, &err), 0, "%s", err.message);
    x_bytes = malloc(nt_sd_size(&x));
    y_bytes = malloc(nt_sd_size(&y));
    cr_assert_eq(nt_sd_write(&x, x_bytes, &err), 0);
    cr_assert_eq(nt_sd_write(&y, y_bytes, &err), 0);
    record.before = (struct nt_blob){x_bytes, nt_sd_size(&x)};
    record.after = (struct nt_blob){y_bytes, nt_sd_size(&y)};
    cr_assert_eq(nt_journal_encode(&record, out, &err), 0, "%s", err.message);
}

/* The group is gone with the set-up, its SID stands in workspaces still: the journal knows it. */
Test(journal, knows_whose_entries_it_put_and_nobody_elses)
{
    static const struct nt_sid group = NT_SID(5, 21, 1, 2, 3, 1000);
    static const struct nt_sid root = NT_SID(0, 1, 2, 3, 4);
    AUTO_BUFFER struct buffer bytes = BUFFER_EMPTY;
    AUTO_JOURNAL struct nt_journal journal = {0};
    AUTO_FREE struct nt_sid *sids = NULL;
    size_t count = 0;
    struct error err = {0};

    add(&bytes, 1, "D:(A;;FA;;;BA)", "D:(A;;FA;;;S-1-5-21-1-2-3-1000)(A;;FA;;;BA)");
    add(&bytes, 2, "D:(A;;FA;;;S-1-5-21-1-2-3-1000)(A;;FA;;;WD)",
        "D:(D;;FA;;;S-1-0-1-2-3-4)(D;CI;0x40;;;S-1-5-21-1-2-3-1001)(A;;FA;;;S-1-5-21-1-2-3-1000)"
        "(A;;FA;;;WD)");
    cr_assert_eq(nt_journal_read((const uint8_t *)bytes.data, bytes.size, &journal, &err), 0, "%s",
                 err.message);
    sids = nt_journal_sids(&journal, &count, &err);
    cr_assert_not_null(sids);
    cr_assert_eq(count, 2u, "not administrators, not everyone, not the user");
    cr_assert(nt_sid_equal(&sids[0], &group));
    cr_assert(nt_sid_equal(&sids[1], &root));
}
