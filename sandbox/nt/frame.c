#include "sandbox/nt/frame.h"

#include <assert.h>
#include <string.h>

#include "sandbox/nt/bytes.h"

enum {
    HEADER = 5
};

/* Who may send what, when, what comes of it, and how long it may be. */
static const struct rule {
    enum nt_frame_type type;
    enum nt_side receiver;
    unsigned states; /* bits of enum nt_conversation */
    unsigned late;   /* ... in which it may still arrive: it crossed another frame on the way */
    enum nt_conversation next;
    size_t least, most;
} rules[] = {
    {NT_FRAME_HELLO, NT_SIDE_BROKER, 1u << NT_TALK_NEW, 0, NT_TALK_IDLE, 4 + NT_NONCE_SIZE,
     4 + NT_NONCE_SIZE},
    {NT_FRAME_READY, NT_SIDE_BROKER, 1u << NT_TALK_ASKED, 0, NT_TALK_RUNNING, 4, 4},
    {NT_FRAME_OUTPUT, NT_SIDE_BROKER, 1u << NT_TALK_RUNNING, 0, NT_TALK_RUNNING, 1,
     NT_FRAME_PAYLOAD_MAX},
    {NT_FRAME_ERROR_OUTPUT, NT_SIDE_BROKER, 1u << NT_TALK_RUNNING, 0, NT_TALK_RUNNING, 1,
     NT_FRAME_PAYLOAD_MAX},
    {NT_FRAME_EXIT, NT_SIDE_BROKER, 1u << NT_TALK_RUNNING, 0, NT_TALK_IDLE, NT_EXIT_SIZE,
     NT_EXIT_SIZE},
    {NT_FRAME_ERROR, NT_SIDE_BROKER, 1u << NT_TALK_ASKED, 0, NT_TALK_IDLE, 8, NT_REPORT_MAX},
    {NT_FRAME_SPAWN, NT_SIDE_RUNNER, 1u << NT_TALK_IDLE, 0, NT_TALK_ASKED, 8, NT_SPAWN_PAYLOAD_MAX},
    {NT_FRAME_INPUT, NT_SIDE_RUNNER, 1u << NT_TALK_RUNNING, 1u << NT_TALK_IDLE, NT_TALK_RUNNING, 1,
     NT_FRAME_PAYLOAD_MAX},
    {NT_FRAME_INPUT_END, NT_SIDE_RUNNER, 1u << NT_TALK_RUNNING, 1u << NT_TALK_IDLE, NT_TALK_RUNNING,
     0, 0},
    {NT_FRAME_RESIZE, NT_SIDE_RUNNER, 1u << NT_TALK_RUNNING, 1u << NT_TALK_IDLE, NT_TALK_RUNNING, 8,
     8},
    {NT_FRAME_STOP, NT_SIDE_RUNNER, 1u << NT_TALK_RUNNING | 1u << NT_TALK_ASKED, 1u << NT_TALK_IDLE,
     NT_TALK_RUNNING, 4, 4},
    {NT_FRAME_QUIT, NT_SIDE_RUNNER, 1u << NT_TALK_IDLE, 0, NT_TALK_OVER, 0, 0},
    {NT_FRAME_OPENED, NT_SIDE_LIBRARY, 1u << NT_TALK_NEW, 0, NT_TALK_IDLE, 8, 128},
    {NT_FRAME_REFUSED, NT_SIDE_LIBRARY, 1u << NT_TALK_NEW, 0, NT_TALK_OVER, 16, NT_REPORT_MAX},
    {NT_FRAME_ENDED, NT_SIDE_LIBRARY, 1u << NT_TALK_RUNNING, 0, NT_TALK_IDLE, 24,
     NT_REPORT_MAX + 8},
    {NT_FRAME_COMMAND, NT_SIDE_LAUNCHER, 1u << NT_TALK_IDLE, 0, NT_TALK_RUNNING, 8,
     NT_REQUEST_PAYLOAD_MAX},
};

static const struct rule *find_rule(unsigned type)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if ((unsigned)rules[i].type == type)
            return &rules[i];
    }
    return NULL;
}

void nt_frame_put(struct buffer *out, enum nt_frame_type type, const void *payload, size_t size)
{
    uint8_t header[HEADER];

    assert(find_rule((unsigned)type) != NULL && size <= find_rule((unsigned)type)->most);
    nt_put32(header, (uint32_t)size + 1);
    header[4] = (uint8_t)type;
    buffer_add(out, header, sizeof header);
    buffer_add(out, payload, size);
}

void nt_frame_reader_init(struct nt_frame_reader *reader, enum nt_side side)
{
    *reader = (struct nt_frame_reader){.side = side};
}

void nt_frame_reader_done(struct nt_frame_reader *reader)
{
    buffer_done(&reader->pending);
}

int nt_frame_feed(struct nt_frame_reader *reader, const void *bytes, size_t size, struct error *err)
{
    buffer_add(&reader->pending, bytes, size);
    return buffer_failed(&reader->pending) ? error_memory(err, "pipe") : 0;
}

/* Late frames and STOP change nothing: the command they are for may be over, or not READY yet. */
static void move_on(struct nt_frame_reader *reader, const struct rule *rule)
{
    if ((rule->states & 1u << reader->state) != 0 && rule->type != NT_FRAME_STOP)
        reader->state = rule->next;
}

static int check_turn(struct nt_frame_reader *reader, const struct rule *rule, struct error *err)
{
    if (((rule->states | rule->late) & 1u << reader->state) != 0)
        return 0;
    reader->state = NT_TALK_OVER;
    return error_set(err, ERR_PROTOCOL, "frame %u out of turn", (unsigned)rule->type);
}

static int refuse(struct nt_frame_reader *reader, unsigned type, size_t size, struct error *err)
{
    reader->state = NT_TALK_OVER;
    return error_set(err, ERR_PROTOCOL, "a frame of type %u and %zu bytes may not come", type,
                     size);
}

/* Drops what the last frame took. */
static void forget(struct nt_frame_reader *reader)
{
    if (reader->consumed == 0)
        return;
    reader->pending.size -= reader->consumed;
    memmove(reader->pending.data, reader->pending.data + reader->consumed, reader->pending.size);
    reader->consumed = 0;
}

int nt_frame_next(struct nt_frame_reader *reader, struct nt_frame *frame, struct error *err)
{
    const uint8_t *bytes;
    const struct rule *rule;
    size_t length;

    forget(reader);
    if (reader->state == NT_TALK_OVER)
        return error_set(err, ERR_PROTOCOL, "the conversation is over");
    if (reader->pending.size < HEADER)
        return 0;
    bytes = (const uint8_t *)reader->pending.data;
    length = nt_get32(bytes);
    rule = find_rule(bytes[4]);
    if (rule == NULL || rule->receiver != reader->side || length < 1 || length - 1 < rule->least ||
        length - 1 > rule->most)
        return refuse(reader, bytes[4], length, err);
    if (reader->pending.size - 4 < length)
        return 0;
    if (check_turn(reader, rule, err) < 0)
        return -1;
    move_on(reader, rule);
    *frame = (struct nt_frame){rule->type, bytes + HEADER, length - 1};
    reader->consumed = 4 + length;
    return 1;
}

int nt_frame_sent(struct nt_frame_reader *reader, enum nt_frame_type type, struct error *err)
{
    const struct rule *rule = find_rule((unsigned)type);

    assert(rule != NULL && rule->receiver != reader->side);
    if ((rule->states & 1u << reader->state) == 0)
        return error_set(err, ERR_PROTOCOL, "frame %u may not be sent now", (unsigned)type);
    move_on(reader, rule);
    return 0;
}
