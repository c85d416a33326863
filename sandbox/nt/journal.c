#include "sandbox/nt/journal.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "sandbox/nt/bytes.h"

enum {
    HEADER = 12,
    PAYLOAD_HEADER = 20,
    HAS_BEFORE = 1,
    HAS_AFTER = 2,
};

/* IEEE 802.3, reflected; a journal is small, so bit by bit will do. */
uint32_t nt_crc32(const uint8_t *bytes, size_t size)
{
    uint32_t crc = 0xffffffff;

    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320u : 0);
    }
    return ~crc;
}

bool nt_blob_equal(const struct nt_blob *a, const struct nt_blob *b)
{
    if (a->bytes == NULL || b->bytes == NULL)
        return a->bytes == b->bytes;
    return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

void nt_journal_done(struct nt_journal *journal)
{
    if (journal == NULL)
        return;
    free(journal->records);
    *journal = (struct nt_journal){0};
}

int nt_journal_encode(const struct nt_record *record, struct buffer *out, struct error *err)
{
    size_t object = strlen(record->object) + 1;
    size_t size = PAYLOAD_HEADER + object + record->before.size + record->after.size;
    uint8_t head[HEADER + PAYLOAD_HEADER] = {'H', 'F', 'J', '1'};
    uint8_t *payload = head + HEADER;
    size_t start = out->size;

    if (size > NT_RECORD_BYTES_MAX)
        return error_set(err, ERR_UNSUPPORTED, "journal: %zu bytes for %s", size, record->object);
    nt_put32(head + 4, (uint32_t)size);
    payload[0] = (uint8_t)record->type;
    payload[1] = (uint8_t)record->kind;
    payload[2] = (uint8_t)((record->before.bytes != NULL ? HAS_BEFORE : 0) |
                           (record->after.bytes != NULL ? HAS_AFTER : 0));
    nt_put32(payload + 4, record->sequence);
    nt_put32(payload + 8, (uint32_t)object);
    nt_put32(payload + 12, (uint32_t)record->before.size);
    nt_put32(payload + 16, (uint32_t)record->after.size);
    buffer_add(out, head, sizeof head);
    buffer_add(out, record->object, object);
    buffer_add(out, record->before.bytes, record->before.size);
    buffer_add(out, record->after.bytes, record->after.size);
    if (buffer_failed(out))
        return error_memory(err, "journal");
    nt_put32((uint8_t *)out->data + start + 8,
             nt_crc32((const uint8_t *)out->data + start + HEADER, size));
    return 0;
}

static bool is_payload_sound(const uint8_t *payload, size_t size)
{
    size_t object = nt_get32(payload + 8);
    size_t before = nt_get32(payload + 12);
    size_t after = nt_get32(payload + 16);

    return object >= 1 && object <= size && before <= size && after <= size &&
           PAYLOAD_HEADER + object + before + after == size &&
           payload[PAYLOAD_HEADER + object - 1] == '\0' &&
           strlen((const char *)payload + PAYLOAD_HEADER) == object - 1 &&
           text_is_utf8((const char *)payload + PAYLOAD_HEADER, object - 1) &&
           (payload[0] == NT_RECORD_CHANGE || payload[0] == NT_RECORD_COMMIT);
}

static struct nt_blob blob_at(const uint8_t *bytes, size_t size, bool is_there)
{
    return (struct nt_blob){is_there ? bytes : NULL, is_there ? size : 0};
}

/* The size of the whole record at bytes, 0 if there is none. */
static size_t read_record(const uint8_t *bytes, size_t size, struct nt_record *record)
{
    const uint8_t *payload = bytes + HEADER;
    size_t length;
    size_t object;
    size_t before;

    if (size < HEADER + PAYLOAD_HEADER || memcmp(bytes, "HFJ1", 4) != 0)
        return 0;
    length = nt_get32(bytes + 4);
    if (length < PAYLOAD_HEADER || length > NT_RECORD_BYTES_MAX || length > size - HEADER ||
        nt_crc32(payload, length) != nt_get32(bytes + 8) || !is_payload_sound(payload, length))
        return 0;
    object = nt_get32(payload + 8);
    before = nt_get32(payload + 12);
    *record = (struct nt_record){
        .type = (enum nt_record_type)payload[0],
        .kind = (enum nt_kind)payload[1],
        .sequence = nt_get32(payload + 4),
        .object = (const char *)payload + PAYLOAD_HEADER,
        .before = blob_at(payload + PAYLOAD_HEADER + object, before, payload[2] & HAS_BEFORE),
        .after = blob_at(payload + PAYLOAD_HEADER + object + before, nt_get32(payload + 16),
                         payload[2] & HAS_AFTER),
    };
    return HEADER + length;
}

/* Is there a whole record anywhere behind a broken one? Then it is damage, not a torn end. */
static bool has_record_behind(const uint8_t *bytes, size_t size)
{
    struct nt_record record;

    for (size_t at = 1; at < size; at++) {
        if (bytes[at] == 'H' && read_record(bytes + at, size - at, &record) > 0)
            return true;
    }
    return false;
}

static int keep(struct nt_journal *journal, const struct nt_record *record, struct error *err)
{
    size_t count = journal->count + 1;
    struct nt_record *records = realloc(journal->records, count * sizeof *records);

    if (records == NULL)
        return error_memory(err, "journal");
    journal->records = records;
    records[journal->count++] = *record;
    return 0;
}

int nt_journal_read(const uint8_t *bytes, size_t size, struct nt_journal *journal,
                    struct error *err)
{
    AUTO_JOURNAL struct nt_journal found = {0};
    size_t at = 0;

    while (at < size) {
        struct nt_record record;
        size_t length = read_record(bytes + at, size - at, &record);

        if (length == 0)
            break;
        if (record.sequence != found.count + 1)
            return error_set(err, ERR_CORRUPT, "journal: record %u where %zu belongs",
                             record.sequence, found.count + 1);
        if (keep(&found, &record, err) < 0)
            return -1;
        at += length;
        if (record.type == NT_RECORD_COMMIT) {
            found.committed = found.count;
            found.committed_size = at;
        }
    }
    if (at < size && has_record_behind(bytes + at, size - at))
        return error_set(err, ERR_CORRUPT, "journal: damaged at byte %zu of %zu", at, size);
    found.valid_size = at;
    *journal = found;
    found.records = NULL;
    return 0;
}

bool nt_journal_made(const struct nt_journal *journal, size_t count, enum nt_kind kind,
                     const char *object)
{
    bool is_ours = false;

    for (size_t i = 0; i < count; i++) {
        const struct nt_record *record = &journal->records[i];

        if (record->type == NT_RECORD_CHANGE && record->kind == kind &&
            strcmp(record->object, object) == 0)
            is_ours = record->before.bytes == NULL ? record->after.bytes != NULL
                                                   : is_ours && record->after.bytes != NULL;
    }
    return is_ours;
}
