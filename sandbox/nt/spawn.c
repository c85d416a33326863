#include "sandbox/nt/spawn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "sandbox/nt/bytes.h"
#include "sandbox/nt/fields.h"
#include "sandbox/nt/journal.h"
#include "sandbox/nt/sid.h"
#include "sandbox/plan.h"

enum {
    SPAWN_VERSION = 2,
    SETUP_VERSION = 1,
    KNOWN_TOKEN = PLAN_TOKEN_LUA | PLAN_TOKEN_NO_PRIVILEGES | PLAN_TOKEN_WRITE_RESTRICTED,
    KNOWN_JOB =
        PLAN_JOB_KILL_ON_CLOSE | PLAN_JOB_NO_BREAKAWAY | PLAN_JOB_DIE_ON_EXCEPTION | PLAN_JOB_UI,
    PAYLOAD_TEXT_MAX = 24000, /* Windows' command lines end at 32 767 */
};

void nt_spawn_done(struct nt_spawn *spawn)
{
    text_list_done(&spawn->argv);
    text_list_done(&spawn->env);
    text_list_done(&spawn->disable);
    text_list_done(&spawn->restrict_to);
    text_list_done(&spawn->default_aces);
    free(spawn->cwd);
    free(spawn->desktop);
    *spawn = (struct nt_spawn){0};
}

void nt_spawn_encode(const struct nt_spawn *spawn, struct buffer *out)
{
    nt_put_number(out, SPAWN_VERSION);
    nt_put_list(out, &spawn->argv);
    nt_put_list(out, &spawn->env);
    nt_put_text(out, spawn->cwd);
    nt_put_text(out, spawn->desktop);
    nt_put_list(out, &spawn->disable);
    nt_put_list(out, &spawn->restrict_to);
    nt_put_list(out, &spawn->default_aces);
    nt_put_number(out, spawn->token_flags);
    nt_put_number(out, spawn->job_flags);
    nt_put_number(out, spawn->processes);
    nt_put_number(out, (uint32_t)(spawn->memory_bytes & 0xffffffff));
    nt_put_number(out, (uint32_t)(spawn->memory_bytes >> 32));
    nt_put_number(out, spawn->timeout_s);
    nt_put_number(out, spawn->closed);
    nt_put_number(out, spawn->has_terminal ? 1 : 0);
    nt_put_number(out, spawn->columns);
    nt_put_number(out, spawn->rows);
}

/* 0 or 1: anything else is something that this version does not know. */
static bool take_bool(struct nt_fields *in)
{
    uint32_t value = nt_take_number(in);

    in->has_failed = in->has_failed || value > 1;
    return value == 1;
}

static void take_spawn(struct nt_fields *in, struct nt_spawn *spawn)
{
    uint32_t low;

    nt_take_list(in, &spawn->argv);
    nt_take_list(in, &spawn->env);
    spawn->cwd = nt_take_text(in);
    spawn->desktop = nt_take_text(in);
    nt_take_list(in, &spawn->disable);
    nt_take_list(in, &spawn->restrict_to);
    nt_take_list(in, &spawn->default_aces);
    spawn->token_flags = nt_take_number(in);
    spawn->job_flags = nt_take_number(in);
    spawn->processes = nt_take_number(in);
    low = nt_take_number(in);
    spawn->memory_bytes = (uint64_t)nt_take_number(in) << 32 | low;
    spawn->timeout_s = nt_take_number(in);
    spawn->closed = nt_take_number(in);
    spawn->has_terminal = take_bool(in);
    spawn->columns = nt_take_number(in);
    spawn->rows = nt_take_number(in);
}

int nt_spawn_decode(const uint8_t *bytes, size_t size, struct nt_spawn *spawn, struct error *err)
{
    struct nt_fields in = {.bytes = bytes, .size = size};
    struct nt_spawn found = {0};
    uint32_t version = nt_take_number(&in);

    if (version != SPAWN_VERSION)
        return error_set(err, ERR_PROTOCOL, "spawn request of version %u, not %d", version,
                         SPAWN_VERSION);
    take_spawn(&in, &found);
    if (nt_fields_end(&in, "spawn request", err) < 0) {
        nt_spawn_done(&found);
        return -1;
    }
    /* A flag that is not known would be protection that is asked for and not given. */
    if ((found.token_flags & ~(uint32_t)KNOWN_TOKEN) != 0 ||
        (found.job_flags & ~(uint32_t)KNOWN_JOB) != 0) {
        nt_spawn_done(&found);
        return error_set(err, ERR_PROTOCOL, "spawn request: a token or job flag that is not known");
    }
    if (found.argv.count == 0 || found.closed > 7 || found.columns > 32767 || found.rows > 32767) {
        nt_spawn_done(&found);
        return error_set(err, ERR_PROTOCOL, "spawn request: no command, or no such handles");
    }
    *spawn = found;
    return 0;
}

/* Set-up ------------------------------------------------------------------------------------------ */

void nt_setup_payload_done(struct nt_setup_payload *payload)
{
    free(payload->user);
    free(payload->state);
    free(payload->report);
    *payload = (struct nt_setup_payload){0};
}

char *nt_setup_payload_encode(const struct nt_setup_payload *payload, struct error *err)
{
    AUTO_BUFFER struct buffer out = BUFFER_EMPTY;
    AUTO_FREE char *text = NULL;

    nt_put_number(&out, 0); /* the checksum goes here */
    nt_put_number(&out, SETUP_VERSION);
    nt_put_number(&out, (uint32_t)payload->action);
    nt_put_text(&out, payload->user);
    nt_put_text(&out, payload->state);
    nt_put_text(&out, payload->report);
    nt_put_number(&out, payload->is_published ? 1 : 0);
    nt_put_number(&out, payload->has_no_strict_rules ? 1 : 0);
    if (buffer_failed(&out)) {
        (void)error_memory(err, "set-up request");
        return NULL;
    }
    nt_put32((uint8_t *)out.data, nt_crc32((const uint8_t *)out.data + 4, out.size - 4));
    text = nt_base64(out.data, out.size, err);
    if (text != NULL && strlen(text) > PAYLOAD_TEXT_MAX) {
        (void)error_set(err, ERR_INVALID, "set-up request: paths too long for a command line");
        return NULL;
    }
    return TAKE(text);
}

static int check_payload(const struct nt_setup_payload *payload, struct error *err)
{
    struct nt_sid user;

    if (payload->action < NT_SETUP_INSTALL || payload->action > NT_SETUP_RECOVER)
        return error_set(err, ERR_PROTOCOL, "set-up request: no such action");
    if (nt_sid_parse(payload->user, &user, err) < 0)
        return error_wrap(err, "set-up request: user");
    return 0;
}

static int decode_payload(const uint8_t *bytes, size_t size, struct nt_setup_payload *payload,
                          struct error *err)
{
    struct nt_fields in = {.bytes = bytes, .size = size};
    uint32_t checksum = nt_take_number(&in);
    uint32_t version = nt_take_number(&in);

    if (in.has_failed || checksum != nt_crc32(bytes + 4, size - 4))
        return error_set(err, ERR_PROTOCOL, "set-up request: damaged");
    if (version != SETUP_VERSION)
        return error_set(err, ERR_PROTOCOL, "set-up request of version %u, not %d", version,
                         SETUP_VERSION);
    payload->action = (enum nt_setup_action)nt_take_number(&in);
    payload->user = nt_take_text(&in);
    payload->state = nt_take_text(&in);
    payload->report = nt_take_text(&in);
    payload->is_published = take_bool(&in);
    payload->has_no_strict_rules = take_bool(&in);
    return nt_fields_end(&in, "set-up request", err) < 0 ? -1 : check_payload(payload, err);
}

int nt_setup_payload_decode(const char *text, struct nt_setup_payload *payload, struct error *err)
{
    AUTO_FREE uint8_t *bytes = NULL;
    struct nt_setup_payload found = {0};
    size_t size = 0;

    if (nt_unbase64(text, &bytes, &size, err) < 0)
        return error_wrap(err, "set-up request");
    if (decode_payload(bytes, size, &found, err) < 0) {
        nt_setup_payload_done(&found);
        return -1;
    }
    *payload = found;
    return 0;
}

/* Errors ------------------------------------------------------------------------------------------ */

void nt_error_encode(const struct error *from, struct buffer *out)
{
    nt_put_number(out, (uint32_t)from->code);
    nt_put_number(out, (uint32_t)from->os_code);
    nt_put_text(out, from->message);
    nt_put_text(out, from->hint);
}

int nt_error_decode(const uint8_t *bytes, size_t size, struct error *to, struct error *err)
{
    struct nt_fields in = {.bytes = bytes, .size = size};
    uint32_t code = nt_take_number(&in);
    uint32_t os_code = nt_take_number(&in);
    AUTO_FREE char *message = nt_take_text(&in);
    AUTO_FREE char *hint = nt_take_text(&in);

    if (nt_fields_end(&in, "error report", err) < 0)
        return -1;
    *to = (struct error){.code = code <= ERR_PROTOCOL ? (int)code : ERR_PROTOCOL,
                         .os_code = (int)os_code};
    (void)snprintf(to->message, sizeof to->message, "%s", message);
    (void)snprintf(to->hint, sizeof to->hint, "%s", hint);
    return 0;
}
