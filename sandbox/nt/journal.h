/*
 * The journal: what was there and what is put there, written and flushed
 * before each change. It is the only memory of a set-up: rolled back to its
 * last commit it undoes a crash, rolled back to its beginning it is the
 * teardown.
 *
 *   record = "HFJ1", size, CRC-32 of the payload, payload
 *   payload = type, kind, flags, sequence, three lengths, object, before, after
 *
 * All numbers are little-endian. A record that is cut off at the end was
 * never acted upon and is ignored; a broken record before others is an error.
 */
#ifndef HOLDFAST_SANDBOX_NT_JOURNAL_H
#define HOLDFAST_SANDBOX_NT_JOURNAL_H

#include "base/buffer.h"
#include "sandbox/nt/machine.h"

enum nt_record_type {
    NT_RECORD_CHANGE = 1,
    NT_RECORD_COMMIT = 2,
};

enum {
    NT_JOURNAL_BYTES_MAX = 64 << 20,
    NT_RECORD_BYTES_MAX = 1 << 20,
};

/* A run of bytes, or nothing at all. */
struct nt_blob {
    const uint8_t *bytes; /* NULL: there was nothing */
    size_t size;
};

/* Points into the bytes it was read from. */
struct nt_record {
    enum nt_record_type type;
    enum nt_kind kind;
    uint32_t sequence;
    const char *object; /* NUL-terminated, UTF-8 */
    struct nt_blob before, after;
};

struct nt_journal {
    struct nt_record *records; /* owned */
    size_t count;
    size_t valid_size; /* bytes up to the last whole record */
    size_t committed;  /* records up to and with the last commit */
    size_t committed_size;
};

#define AUTO_JOURNAL __attribute__((cleanup(nt_journal_done)))

void nt_journal_done(struct nt_journal *journal);
/* Borrows bytes until nt_journal_done. ERR_CORRUPT: not a journal, or damaged before its end. */
int nt_journal_read(const uint8_t *bytes, size_t size, struct nt_journal *journal,
                    struct error *err);
/* Appends one record to *out. */
int nt_journal_encode(const struct nt_record *record, struct buffer *out, struct error *err);

/* Is this thing there because of the journal's first `count` records? */
bool nt_journal_made(const struct nt_journal *journal, size_t count, enum nt_kind kind,
                     const char *object);

bool nt_blob_equal(const struct nt_blob *a, const struct nt_blob *b);
uint32_t nt_crc32(const uint8_t *bytes, size_t size);

#endif
