/* A security descriptor as SDDL: what people and tests read. Journals keep the binary form. */
#include "sandbox/nt/sd.h"

#include "base/buffer.h"
#include "sandbox/nt/sddl_words.h"

static void put_sid(struct buffer *out, const struct nt_sid *sid)
{
    const char *alias = nt_sid_alias(sid);
    char text[NT_SID_TEXT_MAX];

    nt_sid_format(sid, text);
    buffer_add_text(out, alias != NULL ? alias : text);
}

/* A word for the whole mask, else words of generic and standard rights, else hex. */
static void put_mask(struct buffer *out, uint32_t mask)
{
    const uint32_t wordy =
        NT_GENERIC_BITS | NT_DELETE | NT_READ_CONTROL | NT_WRITE_DAC | NT_WRITE_OWNER;

    for (size_t i = 0; i < sddl_right_count; i++) {
        if (sddl_rights[i].value == mask && mask > 0x1ff) {
            buffer_add_text(out, sddl_rights[i].text);
            return;
        }
    }
    if (mask == 0 || (mask & ~wordy) != 0) {
        buffer_printf(out, "0x%x", (unsigned)mask);
        return;
    }
    for (size_t i = 0; i < sddl_right_count; i++) {
        uint32_t value = sddl_rights[i].value;

        if ((value & ~wordy) == 0 && (mask & value) == value)
            buffer_add_text(out, sddl_rights[i].text);
    }
}

static void put_words(struct buffer *out, uint32_t bits, const struct sddl_word *words,
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if ((bits & words[i].value) != 0)
            buffer_add_text(out, words[i].text);
    }
}

static int put_ace(struct buffer *out, const struct nt_ace *ace, struct error *err)
{
    const char *type = NULL;

    for (size_t i = 0; i < sddl_ace_type_count; i++) {
        if (sddl_ace_types[i].value == ace->type)
            type = sddl_ace_types[i].text;
    }
    if (type == NULL || ace->is_opaque || ace->tail_size != 0)
        return error_set(err, ERR_UNSUPPORTED, "SDDL: an ACE of type 0x%02x is not written here",
                         ace->type);
    buffer_printf(out, "(%s;", type);
    put_words(out, ace->flags, sddl_ace_flags, sddl_ace_flag_count);
    buffer_add_byte(out, ';');
    if (ace->type == NT_ACE_MANDATORY_LABEL && ace->mask != 0 && ace->mask <= 7)
        put_words(out, ace->mask, sddl_label_rights, sddl_label_right_count);
    else
        put_mask(out, ace->mask);
    buffer_add_text(out, ";;;");
    put_sid(out, &ace->sid);
    buffer_add_byte(out, ')');
    return 0;
}

static int put_acl(struct buffer *out, const char *letter, uint32_t is_protected,
                   uint32_t inherit_required, uint32_t auto_inherited, bool is_null,
                   const struct nt_acl *acl, struct error *err)
{
    buffer_printf(out, "%s:%s%s%s%s", letter, is_protected != 0 ? "P" : "",
                  inherit_required != 0 ? "AR" : "", auto_inherited != 0 ? "AI" : "",
                  is_null ? "NO_ACCESS_CONTROL" : "");
    for (size_t i = 0; !is_null && i < acl->count; i++) {
        if (put_ace(out, &acl->aces[i], err) < 0)
            return -1;
    }
    return 0;
}

static int put_sd(struct buffer *out, const struct nt_sd *sd, struct error *err)
{
    uint32_t c = sd->control;

    if (sd->has_owner) {
        buffer_add_text(out, "O:");
        put_sid(out, &sd->owner);
    }
    if (sd->has_group) {
        buffer_add_text(out, "G:");
        put_sid(out, &sd->group);
    }
    if (sd->has_dacl &&
        put_acl(out, "D", c & NT_SD_DACL_PROTECTED, c & NT_SD_DACL_INHERIT_REQUIRED,
                c & NT_SD_DACL_AUTO_INHERITED, sd->is_dacl_null, &sd->dacl, err) < 0)
        return -1;
    if (sd->has_sacl &&
        put_acl(out, "S", c & NT_SD_SACL_PROTECTED, c & NT_SD_SACL_INHERIT_REQUIRED,
                c & NT_SD_SACL_AUTO_INHERITED, sd->is_sacl_null, &sd->sacl, err) < 0)
        return -1;
    return 0;
}

static char *take_text(struct buffer *out, struct error *err)
{
    char *text;

    buffer_add(out, "", 0);
    text = buffer_take(out);
    if (text == NULL)
        (void)error_memory(err, "SDDL");
    return text;
}

char *nt_sddl_format(const struct nt_sd *sd, struct error *err)
{
    AUTO_BUFFER struct buffer out = BUFFER_EMPTY;

    if (put_sd(&out, sd, err) < 0)
        return NULL;
    return take_text(&out, err);
}

char *nt_sddl_format_ace(const struct nt_ace *ace, struct error *err)
{
    AUTO_BUFFER struct buffer out = BUFFER_EMPTY;

    if (put_ace(&out, ace, err) < 0)
        return NULL;
    return take_text(&out, err);
}
