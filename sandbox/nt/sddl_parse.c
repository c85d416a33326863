/*
 * SDDL to a security descriptor. One pass over the text; every refusal says
 * what was found. Conditional, object and claim ACEs are refused by name:
 * nothing here could evaluate them.
 */
#include "sandbox/nt/sd.h"

#include <string.h>

#include "sandbox/nt/sddl_words.h"

struct reader {
    const char *text;
    const char *at;
    const struct nt_sid *domain;
};

static int complain(const struct reader *in, const char *problem, struct error *err)
{
    return error_set(err, ERR_INVALID, "SDDL: character %zu: %s: \"%.60s\"",
                     (size_t)(in->at - in->text) + 1, problem, in->at);
}

static int read_sid(struct reader *in, struct nt_sid *sid, struct error *err)
{
    size_t length = 2;

    if ((in->at[0] == 'S' || in->at[0] == 's') && in->at[1] == '-') {
        if (nt_sid_parse_start(in->at, sid, &length, err) < 0)
            return -1;
    } else if (in->at[0] == '\0' || in->at[1] == '\0') {
        return complain(in, "no SID", err);
    } else if (nt_sid_from_alias(in->at, in->domain, sid, err) < 0) {
        return -1;
    }
    in->at += length;
    return 0;
}

/* The word of the table at the reader's place; the longest wins ("AU" before "A"). */
static const struct sddl_word *read_word(struct reader *in, const struct sddl_word *words,
                                         size_t count)
{
    const struct sddl_word *best = NULL;
    size_t best_length = 0;

    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(words[i].text);

        if (length > best_length && strncmp(in->at, words[i].text, length) == 0) {
            best = &words[i];
            best_length = length;
        }
    }
    in->at += best_length;
    return best;
}

static int expect(struct reader *in, char wanted, struct error *err)
{
    char problem[] = "no '?' here";

    if (*in->at != wanted) {
        problem[4] = wanted;
        return complain(in, problem, err);
    }
    in->at++;
    return 0;
}

static int read_ace_type(struct reader *in, struct nt_ace *ace, struct error *err)
{
    const struct sddl_word *word = read_word(in, sddl_ace_types, sddl_ace_type_count);

    if (word == NULL || *in->at != ';') {
        (void)complain(in, "this kind of ACE is not read here (conditional, object, claim?)", err);
        err->code = ERR_UNSUPPORTED;
        return -1;
    }
    ace->type = (uint8_t)word->value;
    return expect(in, ';', err);
}

static int read_ace_flags(struct reader *in, struct nt_ace *ace, struct error *err)
{
    while (*in->at != ';') {
        const struct sddl_word *word = read_word(in, sddl_ace_flags, sddl_ace_flag_count);

        if (word == NULL)
            return complain(in, "not an ACE flag", err);
        ace->flags |= (uint8_t)word->value;
    }
    return expect(in, ';', err);
}

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef";
    const char *found = c == '\0' ? NULL : strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c);

    return found == NULL ? -1 : (int)(found - digits);
}

/* 0x1301bf, 0777, 1179785: as C writes them. */
static int read_mask_number(struct reader *in, uint32_t *mask, struct error *err)
{
    unsigned base = 10;
    uint64_t value = 0;

    if (in->at[0] == '0' && (in->at[1] == 'x' || in->at[1] == 'X')) {
        base = 16;
        in->at += 2;
    } else if (in->at[0] == '0') {
        base = 8;
    }
    if (hex_digit(*in->at) < 0)
        return complain(in, "no number", err);
    for (int digit; (digit = hex_digit(*in->at)) >= 0; in->at++) {
        value = value * base + (unsigned)digit;
        if ((unsigned)digit >= base || value > UINT32_MAX)
            return complain(in, "not a mask of 32 bits", err);
    }
    *mask = (uint32_t)value;
    return 0;
}

static int read_mask(struct reader *in, struct nt_ace *ace, struct error *err)
{
    bool is_label = ace->type == NT_ACE_MANDATORY_LABEL;

    if (*in->at >= '0' && *in->at <= '9') {
        if (read_mask_number(in, &ace->mask, err) < 0)
            return -1;
    }
    while (*in->at != ';') {
        const struct sddl_word *word =
            is_label ? read_word(in, sddl_label_rights, sddl_label_right_count)
                     : read_word(in, sddl_rights, sddl_right_count);

        if (word == NULL)
            return complain(in, "not a right", err);
        ace->mask |= word->value;
    }
    return expect(in, ';', err);
}

static int read_ace(struct reader *in, struct nt_acl *acl, struct error *err)
{
    struct nt_ace ace = {0};

    if (expect(in, '(', err) < 0 || read_ace_type(in, &ace, err) < 0 ||
        read_ace_flags(in, &ace, err) < 0 || read_mask(in, &ace, err) < 0)
        return -1;
    /* Two GUIDs, which only object ACEs have. */
    if (expect(in, ';', err) < 0 || expect(in, ';', err) < 0)
        return -1;
    if (read_sid(in, &ace.sid, err) < 0 || expect(in, ')', err) < 0)
        return -1;
    return nt_acl_add(acl, &ace, err);
}

struct acl_bits {
    uint16_t is_protected, inherit_required, auto_inherited;
};

static int read_acl(struct reader *in, const struct acl_bits *bits, uint16_t *control,
                    bool *is_null, struct nt_acl *acl, struct error *err)
{
    static const char null_word[] = "NO_ACCESS_CONTROL";

    for (;;) {
        if (strncmp(in->at, null_word, sizeof null_word - 1) == 0) {
            in->at += sizeof null_word - 1;
            *is_null = true;
        } else if (strncmp(in->at, "AR", 2) == 0) {
            in->at += 2;
            *control |= bits->inherit_required;
        } else if (strncmp(in->at, "AI", 2) == 0) {
            in->at += 2;
            *control |= bits->auto_inherited;
        } else if (*in->at == 'P') {
            in->at += 1;
            *control |= bits->is_protected;
        } else {
            break;
        }
    }
    while (*in->at == '(') {
        if (*is_null)
            return complain(in, "a list without access control has entries", err);
        if (read_ace(in, acl, err) < 0)
            return -1;
    }
    return 0;
}

static int read_part(struct reader *in, struct nt_sd *sd, struct error *err)
{
    static const struct acl_bits dacl_bits = {NT_SD_DACL_PROTECTED, NT_SD_DACL_INHERIT_REQUIRED,
                                              NT_SD_DACL_AUTO_INHERITED};
    static const struct acl_bits sacl_bits = {NT_SD_SACL_PROTECTED, NT_SD_SACL_INHERIT_REQUIRED,
                                              NT_SD_SACL_AUTO_INHERITED};
    char part = *in->at;
    bool *has = part == 'O'   ? &sd->has_owner
                : part == 'G' ? &sd->has_group
                : part == 'D' ? &sd->has_dacl
                : part == 'S' ? &sd->has_sacl
                              : NULL;

    if (has == NULL || in->at[1] != ':')
        return complain(in, "expected O:, G:, D: or S:", err);
    if (*has)
        return complain(in, "this part comes twice", err);
    *has = true;
    in->at += 2;
    if (part == 'O')
        return read_sid(in, &sd->owner, err);
    if (part == 'G')
        return read_sid(in, &sd->group, err);
    if (part == 'D')
        return read_acl(in, &dacl_bits, &sd->control, &sd->is_dacl_null, &sd->dacl, err);
    return read_acl(in, &sacl_bits, &sd->control, &sd->is_sacl_null, &sd->sacl, err);
}

int nt_sddl_parse(const char *text, const struct nt_sid *domain, struct nt_sd *sd,
                  struct error *err)
{
    AUTO_SD struct nt_sd found = NT_SD_EMPTY;
    struct reader in = {.text = text, .at = text, .domain = domain};

    while (*in.at != '\0') {
        if (read_part(&in, &found, err) < 0)
            return -1;
    }
    found.control |= NT_SD_SELF_RELATIVE;
    if (found.has_dacl)
        found.control |= NT_SD_DACL_PRESENT;
    if (found.has_sacl)
        found.control |= NT_SD_SACL_PRESENT;
    *sd = found;
    found = NT_SD_EMPTY;
    return 0;
}
