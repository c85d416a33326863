#include "sandbox/nt/request.h"

#include <stdlib.h>

#include "base/auto.h"
#include "sandbox/nt/fields.h"
#include "sandbox/nt/frame.h"
#include "sandbox/nt/spawn.h"

void nt_request_done(struct nt_request *request)
{
    text_list_done(&request->argv);
    text_list_done(&request->env);
    free(request->cwd);
    *request = (struct nt_request){0};
}

void nt_request_encode(const struct nt_request *request, struct buffer *out)
{
    nt_put_number(out, request->id);
    nt_put_list(out, &request->argv);
    nt_put_list(out, &request->env);
    nt_put_text(out, request->cwd);
    for (size_t i = 0; i < 3; i++) {
        nt_put_number(out, (uint32_t)(request->handles[i] & 0xffffffff));
        nt_put_number(out, (uint32_t)(request->handles[i] >> 32));
    }
}

int nt_request_decode(const uint8_t *bytes, size_t size, struct nt_request *request,
                      struct error *err)
{
    struct nt_fields in = {.bytes = bytes, .size = size};
    struct nt_request found = {.id = nt_take_number(&in)};

    nt_take_list(&in, &found.argv);
    nt_take_list(&in, &found.env);
    found.cwd = nt_take_text(&in);
    for (size_t i = 0; i < 3; i++) {
        found.handles[i] = nt_take_number(&in);
        found.handles[i] |= (uint64_t)nt_take_number(&in) << 32;
    }
    if (nt_fields_end(&in, "request", err) < 0) {
        nt_request_done(&found);
        return -1;
    }
    if (found.argv.count == 0) {
        nt_request_done(&found);
        return error_set(err, ERR_PROTOCOL, "request: no command");
    }
    *request = found;
    return 0;
}

void nt_answer_encode(const struct nt_answer *answer, struct buffer *out)
{
    nt_put_number(out, answer->id);
    nt_put_number(out, (uint32_t)answer->status);
    nt_error_encode(&answer->error, out);
}

int nt_answer_decode(const uint8_t *bytes, size_t size, struct nt_answer *answer, struct error *err)
{
    struct nt_fields in = {.bytes = bytes, .size = size};
    struct nt_answer found = {.id = nt_take_number(&in)};

    found.status = (int32_t)nt_take_number(&in);
    if (in.has_failed)
        return error_set(err, ERR_PROTOCOL, "answer: cut off");
    if (nt_error_decode(bytes + in.at, size - in.at, &found.error, err) < 0)
        return -1;
    *answer = found;
    return 0;
}

void nt_opened_encode(const char *mode, struct buffer *out)
{
    nt_put_number(out, NT_SESSION_VERSION);
    nt_put_text(out, mode);
}

char *nt_opened_decode(const uint8_t *bytes, size_t size, struct error *err)
{
    struct nt_fields in = {.bytes = bytes, .size = size};
    uint32_t version = nt_take_number(&in);
    AUTO_FREE char *mode = nt_take_text(&in);

    if (!in.has_failed && version != NT_SESSION_VERSION) {
        (void)error_set(err, ERR_PROTOCOL, "the launcher speaks version %u of the session, not %d",
                        version, NT_SESSION_VERSION);
        (void)error_hint(err, "install library and holdfast-sandbox of one version");
        return NULL;
    }
    return nt_fields_end(&in, "session", err) < 0 ? NULL : TAKE(mode);
}
