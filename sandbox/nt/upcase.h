/* Names without regard to case, as Windows compares them: unit by unit of UTF-16, each in upper case
 * (RtlCompareUnicodeString), whatever the language of the machine. */
#ifndef HOLDFAST_SANDBOX_NT_UPCASE_H
#define HOLDFAST_SANDBOX_NT_UPCASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

uint16_t nt_upcase(uint16_t unit);

/* Below, equal to or above 0. Both are UTF-8. */
int nt_compare_names(const char *a, size_t a_size, const char *b, size_t b_size);

#endif
