#include "results/writer.h"

#include <string.h>

#include "base/os.h"
#include "base/text.h"

/* Steps back to the start of the character that `most` would cut. */
static size_t cut_at(const char *text, size_t most)
{
    size_t cut = most;

    while (cut > 0 && most - cut < 4 && ((unsigned char)text[cut] & 0xc0) == 0x80)
        cut--;
    return most - cut < 4 ? cut : most;
}

void write_text(struct buffer *out, const char *text, size_t most, escape_text escape)
{
    size_t size;
    size_t shown;

    if (text == NULL)
        return;
    size = strlen(text);
    shown = size > most ? cut_at(text, most) : size;
    escape(out, text, shown);
    if (shown < size)
        buffer_printf(out, " (%zu more bytes left out)", size - shown);
}

static void add_ascii(struct buffer *out, const char *bytes, size_t size)
{
    for (size_t at = 0; at < size;) {
        uint32_t code = 0;
        size_t step = text_utf8_next(bytes + at, size - at, &code);

        if (step <= 1)
            text_escape_json(out, bytes + at, 1);
        else if (code < 0x10000)
            buffer_printf(out, "\\u%04x", (unsigned)code);
        else
            buffer_printf(out, "\\u%04x\\u%04x", (unsigned)(0xd800 + ((code - 0x10000) >> 10)),
                          (unsigned)(0xdc00 + ((code - 0x10000) & 0x3ff)));
        at += step == 0 ? 1 : step;
    }
}

void write_quoted(struct buffer *out, const char *text, size_t most)
{
    AUTO_BUFFER struct buffer visible = BUFFER_EMPTY;

    write_text(&visible, text, most, text_escape_terminal);
    if (buffer_failed(&visible))
        out->has_failed = true;
    buffer_add_byte(out, '"');
    add_ascii(out, buffer_text(&visible), visible.size);
    buffer_add_byte(out, '"');
}

json_t *visible_text(const char *text, size_t most)
{
    AUTO_BUFFER struct buffer visible = BUFFER_EMPTY;

    if (text == NULL)
        return json_null();
    write_text(&visible, text, most, text_escape_terminal);
    return buffer_failed(&visible) ? NULL : json_stringn(buffer_text(&visible), visible.size);
}

int write_file(struct buffer *out, const char *path, struct error *err)
{
    if (buffer_failed(out))
        return error_memory(err, path);
    return os_replace_file(path, buffer_text(out), out->size, err);
}

const char *case_words(const struct result_case *row)
{
    return row->reason != NULL ? row->reason : row->evidence;
}
