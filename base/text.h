/*
 * Text that came from a child process, a file name or a command line is
 * hostile data. These functions make it inert for one kind of output each.
 * All take any bytes: what is not UTF-8 becomes U+FFFD or a visible escape;
 * what could act (control bytes, escape sequences, bidi controls, markup) is
 * made visible. They append to a struct buffer and never fail otherwise.
 */
#ifndef HOLDFAST_BASE_TEXT_H
#define HOLDFAST_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* One line for a terminal: ESC becomes \x1b, newline \n, bidi controls \u{202e}, bad bytes \xff. */
void text_escape_terminal(struct buffer *out, const char *bytes, size_t size);
/* The same into a fixed place, cut to fit, without allocating. */
void text_escape_terminal_into(char *out, size_t out_size, const char *text);
/* The inside of a JSON string, without the quotes (RFC 8259, section 7). */
void text_escape_json(struct buffer *out, const char *bytes, size_t size);
/* Element content and quoted attribute values; characters XML 1.0 cannot hold become U+FFFD. */
void text_escape_xml(struct buffer *out, const char *bytes, size_t size);
/* Element content and quoted attribute values of HTML; control and bidi characters are made visible. */
void text_escape_html(struct buffer *out, const char *bytes, size_t size);
/* One cell of a Markdown table or a run of Markdown text: nothing in it is markup, also not for
 * GitHub's workflow commands (a leading "::"), mentions or issue links. */
void text_escape_markdown(struct buffer *out, const char *bytes, size_t size);
/* One quoted CSV field, quotes included; a leading = + - @ tab or CR is defused with a quote mark. */
void text_escape_csv(struct buffer *out, const char *bytes, size_t size);

/* A copy of size bytes as a string. Caller frees; NULL: out of memory. (Windows has no strndup.) */
char *text_copy(const char *bytes, size_t size);

/* Length in bytes of the UTF-8 character at bytes[0..size), its value in *code; 0 if it is not one. */
size_t text_utf8_next(const char *bytes, size_t size, uint32_t *code);
bool text_is_utf8(const char *bytes, size_t size);
/* Bidirectional controls and other invisible characters that can make a line read as another. */
bool text_is_deceptive(uint32_t code);

/* A decimal number and nothing else. false: not one, or above max. */
bool text_parse_u64(const char *text, uint64_t max, uint64_t *value);

/* Shell-like wildcards * and ? over the whole text; no character class. Used by --cases. */
bool text_matches(const char *pattern, const char *text);

#endif
