/*
 * nt-access: the access check of this folder as a filter, so that any other
 * implementation can be held against it. One JSON object per line in, one
 * per line out, in the same order, each as soon as its line is read:
 *
 *   {"sddl": "...", "token": {"user": SID, "groups": [{"sid": SID, "deny_only": false}],
 *    "restricted": [SID...], "write_restricted": false}, "desired": 131241}
 *   -> {"allowed": true, "granted": 131241}
 *
 *   {"op": "encode", "sddl": "..."}   -> {"hex": "0100...", "sddl": "..."}
 *   {"op": "decode", "hex": "0100..."}   -> the same
 *   {"op": "inherit", "sddl": PARENT, "container": true, "owner": SID, "group": SID}
 *   -> {"hex": "...", "sddl": "..."}, the child's descriptor
 *
 * desired may hold generic bits and MAXIMUM_ALLOWED; a refusal grants 0. Of the token only the user is
 * required. An empty list of restricting SIDs restricts nothing ("IsTokenRestricted" of the Win32
 * documentation), unless write_restricted is true. Also read if present: token.user_deny_only,
 * token.privileges (["SeSecurityPrivilege", ...]), token.integrity (8192), extra_write (a mask, see
 * access.h).
 *
 * A line that is none of these, has a key that is not known or a value of another type gets
 * {"error": "..."}, and the exit status is then 1; nothing is guessed. A development tool: built, not
 * installed.
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

enum {
    LINE_MAX_BYTES = 16 << 20, /* no descriptor is larger than 64 KiB, its text than some MiB */
};

static int bad(struct error *err, const char *what)
{
    return error_set(err, ERR_INVALID, "%s", what);
}

/* Every key of the object must be among these; the list ends with NULL. */
static int check_keys(const json_t *object, const char *what, const char *const *known,
                      struct error *err)
{
    const char *key;
    json_t *value;

    if (!json_is_object(object))
        return error_set(err, ERR_INVALID, "%s must be an object", what);
    json_object_foreach((json_t *)object, key, value)
    {
        size_t at = 0;

        while (known[at] != NULL && strcmp(known[at], key) != 0)
            at++;
        if (known[at] == NULL)
            return error_set(err, ERR_INVALID, "%s: unknown key \"%.60s\"", what, key);
    }
    return 0;
}

static int read_bool(const json_t *object, const char *key, bool *value, struct error *err)
{
    const json_t *found = json_object_get(object, key);

    if (found != NULL && !json_is_boolean(found))
        return error_set(err, ERR_INVALID, "%s must be true or false", key);
    *value = json_is_true(found);
    return 0;
}

static int read_mask(const json_t *object, const char *key, uint32_t *mask, struct error *err)
{
    const json_t *found = json_object_get(object, key);
    json_int_t number = json_integer_value(found);

    if (!json_is_integer(found) || number < 0 || number > UINT32_MAX)
        return error_set(err, ERR_INVALID, "%s must be a number of 32 bits", key);
    *mask = (uint32_t)number;
    return 0;
}

/* *list is NULL when there is none. */
static int read_list(const json_t *object, const char *key, const json_t **list, struct error *err)
{
    *list = json_object_get(object, key);
    if (*list != NULL && !json_is_array(*list))
        return error_set(err, ERR_INVALID, "token.%s must be a list", key);
    return 0;
}

static int read_sid(const json_t *value, const char *what, struct nt_sid *sid, struct error *err)
{
    if (!json_is_string(value))
        return error_set(err, ERR_INVALID, "%s must be a SID in a string", what);
    return nt_sid_parse(json_string_value(value), sid, err) < 0 ? error_wrap(err, "%s", what) : 0;
}

static int read_group(const json_t *item, struct nt_token *token, struct error *err)
{
    static const char *const known[] = {"sid", "deny_only", NULL};
    bool denies = false;
    struct nt_sid sid;

    if (check_keys(item, "a group", known, err) < 0 ||
        read_sid(json_object_get(item, "sid"), "sid", &sid, err) < 0 ||
        read_bool(item, "deny_only", &denies, err) < 0)
        return -1;
    return nt_token_add_group(token, &sid, denies ? NT_GROUP_DENY_ONLY : NT_GROUP_USUAL, err);
}

static int read_groups(const json_t *value, struct nt_token *token, struct error *err)
{
    const json_t *list;

    if (read_list(value, "groups", &list, err) < 0)
        return -1;
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (read_group(json_array_get(list, i), token, err) < 0)
            return error_wrap(err, "token.groups[%zu]", i);
    }
    return 0;
}

static int read_restricting(const json_t *value, struct nt_token *token, struct error *err)
{
    const json_t *list;

    if (read_list(value, "restricted", &list, err) < 0)
        return -1;
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct nt_sid sid;

        if (read_sid(json_array_get(list, i), "entry", &sid, err) < 0 ||
            nt_token_add_restricting(token, &sid, err) < 0)
            return error_wrap(err, "token.restricted[%zu]", i);
    }
    return 0;
}

static int read_privileges(const json_t *value, struct nt_token *token, struct error *err)
{
    static const struct {
        const char *name;
        uint32_t bit;
    } rows[] = {{"SeSecurityPrivilege", NT_PRIVILEGE_SECURITY},
                {"SeTakeOwnershipPrivilege", NT_PRIVILEGE_TAKE_OWNERSHIP},
                {"SeRelabelPrivilege", NT_PRIVILEGE_RELABEL}};
    const json_t *list;

    if (read_list(value, "privileges", &list, err) < 0)
        return -1;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        uint32_t bit = 0;

        for (size_t k = 0; name != NULL && k < ARRAY_SIZE(rows); k++)
            bit |= strcmp(name, rows[k].name) == 0 ? rows[k].bit : 0;
        if (bit == 0)
            return error_set(err, ERR_INVALID, "token.privileges[%zu]: not one that is known", i);
        token->privileges |= bit;
    }
    return 0;
}

static int read_token(const json_t *value, struct nt_token *token, struct error *err)
{
    static const char *const known[] = {
        "user",       "user_deny_only", "groups", "restricted", "write_restricted",
        "privileges", "integrity",      NULL};

    if (value == NULL)
        return bad(err, "token is missing");
    if (check_keys(value, "token", known, err) < 0 ||
        read_sid(json_object_get(value, "user"), "token.user", &token->user, err) < 0 ||
        read_groups(value, token, err) < 0 || read_restricting(value, token, err) < 0 ||
        read_privileges(value, token, err) < 0 ||
        read_bool(value, "user_deny_only", &token->is_user_deny_only, err) < 0 ||
        read_bool(value, "write_restricted", &token->is_write_restricted, err) < 0)
        return -1;
    if (json_object_get(value, "integrity") != NULL &&
        read_mask(value, "integrity", &token->integrity, err) < 0)
        return -1;
    token->is_restricted = token->is_write_restricted || token->restricting_count > 0;
    return 0;
}

static int read_sd(const json_t *line, struct nt_sd *sd, struct error *err)
{
    const json_t *text = json_object_get(line, "sddl");

    if (!json_is_string(text))
        return bad(err, "sddl must be a string");
    return nt_sddl_parse(json_string_value(text), NULL, sd, err);
}

static int answer_check(const json_t *line, struct buffer *out, struct error *err)
{
    static const char *const known[] = {"op", "sddl", "token", "desired", "extra_write", NULL};
    AUTO_SD struct nt_sd sd = NT_SD_EMPTY;
    AUTO_TOKEN struct nt_token token = NT_TOKEN_EMPTY;
    struct nt_access_check check = {.sd = &sd, .token = &token, .mapping = &NT_FILE_MAPPING};
    struct nt_access access;

    if (check_keys(line, "line", known, err) < 0 ||
        read_mask(line, "desired", &check.desired, err) < 0 || read_sd(line, &sd, err) < 0 ||
        read_token(json_object_get(line, "token"), &token, err) < 0)
        return -1;
    if (json_object_get(line, "extra_write") != NULL &&
        read_mask(line, "extra_write", &check.extra_write_bits, err) < 0)
        return -1;
    access = nt_access_check(&check);
    buffer_printf(out, "{\"allowed\": %s, \"granted\": %u%s}", access.is_allowed ? "true" : "false",
                  (unsigned)access.granted, access.has_unmodelled ? ", \"unmodelled\": true" : "");
    return 0;
}

static int print_sd(const struct nt_sd *sd, struct buffer *out, struct error *err)
{
    AUTO_FREE uint8_t *bytes = malloc(nt_sd_size(sd));
    AUTO_FREE char *text = nt_sddl_format(sd, err);

    if (bytes == NULL)
        return error_memory(err, "descriptor");
    if (text == NULL || nt_sd_write(sd, bytes, err) < 0)
        return -1;
    buffer_add_text(out, "{\"hex\": \"");
    for (size_t i = 0; i < nt_sd_size(sd); i++)
        buffer_printf(out, "%02x", bytes[i]);
    buffer_add_text(out, "\", \"sddl\": \"");
    text_escape_json(out, text, strlen(text));
    buffer_add_text(out, "\"}");
    return 0;
}

static int answer_encode(const json_t *line, struct buffer *out, struct error *err)
{
    static const char *const known[] = {"op", "sddl", NULL};
    AUTO_SD struct nt_sd sd = NT_SD_EMPTY;

    if (check_keys(line, "line", known, err) < 0 || read_sd(line, &sd, err) < 0)
        return -1;
    return print_sd(&sd, out, err);
}

static int nibble(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = c != '\0' ? strchr(digits, c) : NULL;

    return found != NULL ? (int)(found - digits) : -1;
}

static int answer_decode(const json_t *line, struct buffer *out, struct error *err)
{
    static const char *const known[] = {"op", "hex", NULL};
    AUTO_SD struct nt_sd sd = NT_SD_EMPTY;
    AUTO_FREE uint8_t *bytes = NULL;
    const char *text = json_string_value(json_object_get(line, "hex"));
    size_t size;

    if (check_keys(line, "line", known, err) < 0)
        return -1;
    if (text == NULL || strlen(text) % 2 != 0)
        return bad(err, "hex must be a string of pairs of digits");
    size = strlen(text) / 2;
    bytes = malloc(size + 1);
    if (bytes == NULL)
        return error_memory(err, "descriptor");
    for (size_t i = 0; i < size; i++) {
        int high = nibble(text[2 * i]);
        int low = nibble(text[2 * i + 1]);

        if (high < 0 || low < 0)
            return error_set(err, ERR_INVALID, "hex: byte %zu is none", i);
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return nt_sd_read(bytes, size, &sd, err) < 0 ? -1 : print_sd(&sd, out, err);
}

static int answer_inherit(const json_t *line, struct buffer *out, struct error *err)
{
    static const char *const known[] = {"op", "sddl", "container", "owner", "group", NULL};
    AUTO_SD struct nt_sd parent = NT_SD_EMPTY;
    AUTO_SD struct nt_sd child = NT_SD_EMPTY;
    AUTO_TOKEN struct nt_token token = NT_TOKEN_EMPTY;
    bool is_container = false;

    if (check_keys(line, "line", known, err) < 0 || read_sd(line, &parent, err) < 0 ||
        read_bool(line, "container", &is_container, err) < 0 ||
        read_sid(json_object_get(line, "owner"), "owner", &token.user, err) < 0 ||
        read_sid(json_object_get(line, "group"), "group", &token.primary_group, err) < 0 ||
        nt_inherit_create(&parent, NULL, &token, is_container, &NT_FILE_MAPPING, &child, err) < 0)
        return -1;
    return print_sd(&child, out, err);
}

static int answer_line(const json_t *line, struct buffer *out, struct error *err)
{
    static const struct {
        const char *op;
        int (*answer)(const json_t *line, struct buffer *out, struct error *err);
    } rows[] = {{"check", answer_check},
                {"encode", answer_encode},
                {"decode", answer_decode},
                {"inherit", answer_inherit}};
    const json_t *op = json_object_get(line, "op");

    if (!json_is_object(line))
        return bad(err, "a line must be an object");
    if (op == NULL)
        return answer_check(line, out, err);
    for (size_t i = 0; json_is_string(op) && i < ARRAY_SIZE(rows); i++) {
        if (strcmp(json_string_value(op), rows[i].op) == 0)
            return rows[i].answer(line, out, err);
    }
    return bad(err, "op must be check, encode, decode or inherit");
}

static int answer(const struct buffer *text, struct buffer *out, struct error *err)
{
    json_error_t where;
    json_t *line;
    int result;

    if (text->size > LINE_MAX_BYTES)
        return error_set(err, ERR_INVALID, "a line is longer than %d bytes", LINE_MAX_BYTES);
    line = json_loadb(buffer_text(text), text->size, JSON_REJECT_DUPLICATES, &where);
    if (line == NULL)
        return error_set(err, ERR_INVALID, "not JSON: %s", where.text);
    result = answer_line(line, out, err);
    json_decref(line);
    return result;
}

/* One line without its end; of an endless one, enough to see that it is. False: no more. */
static bool read_line(struct buffer *line)
{
    bool is_there = false;
    int byte;

    buffer_clear(line);
    while ((byte = getchar()) != EOF && byte != '\n') {
        is_there = true;
        if (line->size <= LINE_MAX_BYTES)
            buffer_add_byte(line, (char)byte);
    }
    return byte != EOF || is_there;
}

static bool put_line(struct buffer *out)
{
    buffer_add_byte(out, '\n');
    return !buffer_failed(out) && fwrite(out->data, 1, out->size, stdout) == out->size &&
           fflush(stdout) == 0;
}

int main(void)
{
    AUTO_BUFFER struct buffer line = BUFFER_EMPTY;
    AUTO_BUFFER struct buffer out = BUFFER_EMPTY;
    int status = EXIT_SUCCESS;

    while (read_line(&line) && !buffer_failed(&line)) {
        struct error err = {0};

        buffer_clear(&out);
        if (answer(&line, &out, &err) < 0) {
            buffer_clear(&out);
            buffer_add_text(&out, "{\"error\": \"");
            text_escape_json(&out, err.message, strlen(err.message));
            buffer_add_text(&out, "\"}");
            status = EXIT_FAILURE;
        }
        if (!put_line(&out))
            return EXIT_FAILURE;
    }
    return buffer_failed(&line) || ferror(stdin) ? EXIT_FAILURE : status;
}
