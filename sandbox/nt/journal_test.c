#include "base/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "sandbox/nt/journal.h"

static void put(struct buffer *out, uint32_t sequence, enum nt_record_type type)
{
    struct nt_record record = {.type = type,
                               .kind = NT_KIND_ACCOUNT,
                               .sequence = sequence,
                               .object = type == NT_RECORD_COMMIT ? "" : "somebody",
                               .after = {(const uint8_t *)"x\0y", 3}};
    struct error err = {0};

    cr_assert_eq(nt_journal_encode(&record, out, &err), 0, "%s", err.message);
}

static int read_back(const struct buffer *bytes, size_t size, struct nt_journal *journal,
                     struct error *err)
{
    return nt_journal_read((const uint8_t *)bytes->data, size, journal, err);
}

Test(journal, crc_is_the_standard_one)
{
    cr_assert_eq(nt_crc32((const uint8_t *)"123456789", 9), 0xcbf43926u);
}

Test(journal, records_come_back_with_nothing_told_from_empty)
{
    AUTO_BUFFER struct buffer bytes = BUFFER_EMPTY;
    AUTO_JOURNAL struct nt_journal journal = {0};
    struct error err = {0};

    put(&bytes, 1, NT_RECORD_CHANGE);
    put(&bytes, 2, NT_RECORD_COMMIT);
    put(&bytes, 3, NT_RECORD_CHANGE);
    cr_assert_eq(read_back(&bytes, bytes.size, &journal, &err), 0, "%s", err.message);
    cr_assert_eq(journal.count, 3u);
    cr_assert_eq(journal.committed, 2u);
    cr_assert(journal.committed_size < journal.valid_size);
    cr_assert_str_eq(journal.records[0].object, "somebody");
    cr_assert_null(journal.records[0].before.bytes);
    cr_assert_eq(journal.records[0].after.size, 3u);
    cr_assert_eq(memcmp(journal.records[0].after.bytes, "x\0y", 3), 0);
}

Test(journal, a_torn_end_is_ignored_wherever_it_tore)
{
    AUTO_BUFFER struct buffer bytes = BUFFER_EMPTY;
    struct error err = {0};
    size_t whole;

    put(&bytes, 1, NT_RECORD_CHANGE);
    whole = bytes.size;
    put(&bytes, 2, NT_RECORD_CHANGE);
    for (size_t size = whole; size < bytes.size; size++) {
        AUTO_JOURNAL struct nt_journal journal = {0};

        cr_assert_eq(read_back(&bytes, size, &journal, &err), 0, "%s", err.message);
        cr_assert_eq(journal.count, 1u);
        cr_assert_eq(journal.valid_size, whole);
    }
}

Test(journal, damage_before_the_end_is_an_error)
{
    AUTO_BUFFER struct buffer bytes = BUFFER_EMPTY;
    struct error err = {0};
    size_t first;

    put(&bytes, 1, NT_RECORD_CHANGE);
    first = bytes.size;
    put(&bytes, 2, NT_RECORD_CHANGE);
    for (size_t at = 0; at < first; at++) {
        AUTO_JOURNAL struct nt_journal journal = {0};

        bytes.data[at] ^= 0x20;
        cr_assert_eq(read_back(&bytes, bytes.size, &journal, &err), -1, "byte %zu changed", at);
        cr_assert_eq(err.code, ERR_CORRUPT);
        bytes.data[at] ^= 0x20;
    }
}

Test(journal, a_missing_record_is_an_error)
{
    AUTO_BUFFER struct buffer bytes = BUFFER_EMPTY;
    AUTO_JOURNAL struct nt_journal journal = {0};
    struct error err = {0};

    put(&bytes, 1, NT_RECORD_CHANGE);
    put(&bytes, 3, NT_RECORD_CHANGE);
    cr_assert_eq(read_back(&bytes, bytes.size, &journal, &err), -1);
}

Test(journal, an_empty_file_is_an_empty_journal)
{
    AUTO_JOURNAL struct nt_journal journal = {0};
    struct error err = {0};

    cr_assert_eq(nt_journal_read((const uint8_t *)"", 0, &journal, &err), 0);
    cr_assert_eq(journal.count, 0u);
}
