/* The words of SDDL, shared by its reader and its writer ([MS-DTYP] 2.5.1.1). */
#ifndef HOLDFAST_SANDBOX_NT_SDDL_WORDS_H
#define HOLDFAST_SANDBOX_NT_SDDL_WORDS_H

#include <stddef.h>
#include <stdint.h>

struct sddl_word {
    const char *text;
    uint32_t value;
};

extern const struct sddl_word sddl_ace_types[];
extern const size_t sddl_ace_type_count;
extern const struct sddl_word sddl_ace_flags[];
extern const size_t sddl_ace_flag_count;
extern const struct sddl_word sddl_rights[]; /* first the ones that stand for a whole mask */
extern const size_t sddl_right_count;
extern const struct sddl_word sddl_label_rights[];
extern const size_t sddl_label_right_count;

#endif
