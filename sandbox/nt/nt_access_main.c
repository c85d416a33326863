/*
 * nt-access: the access check of this folder as a filter, so that any other
 * implementation can be held against it. One JSON object per line in, one
 * per line out, in the same order:
 *
 *   {"sddl": "...", "token": {"user": SID, "groups": [{"sid": SID, "deny_only": false}],
 *    "restricted": [SID...], "write_restricted": false}, "desired": 131241}
 *   -> {"allowed": true, "granted": 131241}
 *
 *   {"op": "encode", "sddl": "..."}   -> {"hex": "0100...", "sddl": "..."}
 *   {"op": "inherit", "sddl": PARENT, "container": true, "owner": SID, "group": SID}
 *   -> {"hex": "...", "sddl": "..."}, the child's descriptor
 *
 * Also read if present: token.privileges (["SeSecurityPrivilege", ...]), token.integrity (8192),
 * extra_write (a mask, see access.h). A line that is none of these gets {"error": "..."}, and the
 * exit status is then 1. A development tool: built, not installed.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buffer.h"
#include "base/text.h"
#include "sandbox/nt/access.h"
#include "sandbox/nt/inherit.h"

static int bad(struct error *err, const char *what)
{
    return error_set(err, ERR_INVALID, "%s", what);
}

static int read_sid(const json_t *value, struct nt_sid *sid, struct error *err)
{
    if (!json_is_string(value))
        return bad(err, "a SID must be a string");
    return nt_sid_parse(json_string_value(value), sid, err);
}

static int read_groups(const json_t *list, struct nt_token *token, struct error *err)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        bool denies = json_is_true(json_object_get(item, "deny_only"));
        struct nt_sid sid;

        if (read_sid(json_object_get(item, "sid"), &sid, err) < 0 ||
            nt_token_add_group(token, &sid, denies ? NT_GROUP_DENY_ONLY : NT_GROUP_USUAL, err) < 0)
            return -1;
    }
    return 0;
}

static int read_restricting(const json_t *list, struct nt_token *token, struct error *err)
{
    token->is_restricted = json_is_array(list);
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct nt_sid sid;

        if (read_sid(json_array_get(list, i), &sid, err) < 0 ||
            nt_token_add_restricting(token, &sid, err) < 0)
            return -1;
    }
    return 0;
}

static int read_privileges(const json_t *list, struct nt_token *token, struct error *err)
{
    static const struct {
        const char *name;
        uint32_t bit;
    } known[] = {{"SeSecurityPrivilege", NT_PRIVILEGE_SECURITY},
                 {"SeTakeOwnershipPrivilege", NT_PRIVILEGE_TAKE_OWNERSHIP},
                 {"SeRelabelPrivilege", NT_PRIVILEGE_RELABEL}};

    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        uint32_t bit = 0;

        for (size_t k = 0; name != NULL && k < ARRAY_SIZE(known); k++)
            bit |= strcmp(name, known[k].name) == 0 ? known[k].bit : 0;
        if (bit == 0)
            return bad(err, "an unknown privilege");
        token->privileges |= bit;
    }
    return 0;
}

static int read_token(const json_t *value, struct nt_token *token, struct error *err)
{
    const json_t *integrity = json_object_get(value, "integrity");

    if (!json_is_object(value))
        return bad(err, "token must be an object");
    if (read_sid(json_object_get(value, "user"), &token->user, err) < 0 ||
        read_groups(json_object_get(value, "groups"), token, err) < 0 ||
        read_restricting(json_object_get(value, "restricted"), token, err) < 0 ||
        read_privileges(json_object_get(value, "privileges"), token, err) < 0)
        return -1;
    token->is_user_deny_only = json_is_true(json_object_get(value, "user_deny_only"));
    token->is_write_restricted = json_is_true(json_object_get(value, "write_restricted"));
    token->is_restricted = token->is_restricted || token->is_write_restricted;
    if (json_is_integer(integrity))
        token->integrity = (uint32_t)json_integer_value(integrity);
    return 0;
}

static int read_sd(const json_t *line, struct nt_sd *sd, struct error *err)
{
    const char *text = json_string_value(json_object_get(line, "sddl"));

    if (text == NULL)
        return bad(err, "sddl must be a string");
    return nt_sddl_parse(text, NULL, sd, err);
}

static int answer_check(const json_t *line, struct error *err)
{
    AUTO_SD struct nt_sd sd = NT_SD_EMPTY;
    AUTO_TOKEN struct nt_token token = NT_TOKEN_EMPTY;
    const json_t *desired = json_object_get(line, "desired");
    struct nt_access_check check = {.sd = &sd, .token = &token, .mapping = &NT_FILE_MAPPING};
    struct nt_access access;

    if (!json_is_integer(desired) || json_integer_value(desired) < 0 ||
        json_integer_value(desired) > UINT32_MAX)
        return bad(err, "desired must be a mask of 32 bits");
    if (read_sd(line, &sd, err) < 0 || read_token(json_object_get(line, "token"), &token, err) < 0)
        return -1;
    check.desired = (uint32_t)json_integer_value(desired);
    check.extra_write_bits = (uint32_t)json_integer_value(json_object_get(line, "extra_write"));
    access = nt_access_check(&check);
    (void)printf("{\"allowed\": %s, \"granted\": %u%s}\n", access.is_allowed ? "true" : "false",
                 (unsigned)access.granted, access.has_unmodelled ? ", \"unmodelled\": true" : "");
    return 0;
}

static int print_sd(const struct nt_sd *sd, struct error *err)
{
    AUTO_FREE uint8_t *bytes = malloc(nt_sd_size(sd));
    AUTO_FREE char *text = nt_sddl_format(sd, err);

    if (bytes == NULL)
        return error_memory(err, "descriptor");
    if (text == NULL || nt_sd_write(sd, bytes, err) < 0)
        return -1;
    (void)printf("{\"hex\": \"");
    for (size_t i = 0; i < nt_sd_size(sd); i++)
        (void)printf("%02x", bytes[i]);
    (void)printf("\", \"sddl\": \"%s\"}\n", text);
    return 0;
}

static int answer_encode(const json_t *line, struct error *err)
{
    AUTO_SD struct nt_sd sd = NT_SD_EMPTY;

    return read_sd(line, &sd, err) < 0 ? -1 : print_sd(&sd, err);
}

static int answer_inherit(const json_t *line, struct error *err)
{
    AUTO_SD struct nt_sd parent = NT_SD_EMPTY;
    AUTO_SD struct nt_sd child = NT_SD_EMPTY;
    AUTO_TOKEN struct nt_token token = NT_TOKEN_EMPTY;
    bool is_container = json_is_true(json_object_get(line, "container"));

    if (read_sd(line, &parent, err) < 0 ||
        read_sid(json_object_get(line, "owner"), &token.user, err) < 0 ||
        read_sid(json_object_get(line, "group"), &token.primary_group, err) < 0 ||
        nt_inherit_create(&parent, NULL, &token, is_container, &NT_FILE_MAPPING, &child, err) < 0)
        return -1;
    return print_sd(&child, err);
}

static int answer(const char *text, struct error *err)
{
    json_error_t where;
    json_t *line = json_loads(text, JSON_REJECT_DUPLICATES, &where);
    const char *op;
    int result;

    if (line == NULL)
        return error_set(err, ERR_INVALID, "not JSON: %s", where.text);
    op = json_string_value(json_object_get(line, "op"));
    if (op == NULL || strcmp(op, "check") == 0)
        result = answer_check(line, err);
    else if (strcmp(op, "encode") == 0)
        result = answer_encode(line, err);
    else if (strcmp(op, "inherit") == 0)
        result = answer_inherit(line, err);
    else
        result = bad(err, "op must be check, encode or inherit");
    json_decref(line);
    return result;
}

/* One line without its end. False: no more. */
static bool read_line(struct buffer *line)
{
    int byte;

    buffer_clear(line);
    while ((byte = getchar()) != EOF && byte != '\n')
        buffer_add_byte(line, (char)byte);
    return byte != EOF || line->size > 0;
}

int main(void)
{
    AUTO_BUFFER struct buffer line = BUFFER_EMPTY;
    int status = EXIT_SUCCESS;

    while (read_line(&line) && !buffer_failed(&line)) {
        struct error err = {0};
        AUTO_BUFFER struct buffer message = BUFFER_EMPTY;

        if (answer(buffer_text(&line), &err) == 0)
            continue;
        text_escape_json(&message, err.message, strlen(err.message));
        (void)printf("{\"error\": \"%s\"}\n", buffer_text(&message));
        status = EXIT_FAILURE;
    }
    return fflush(stdout) == 0 && !buffer_failed(&line) ? status : EXIT_FAILURE;
}
