#include "sandbox/nt/sddl_words.h"

#include "base/auto.h"
#include "sandbox/nt/nt.h"

const struct sddl_word sddl_ace_types[] = {
    {"A", NT_ACE_ALLOW},
    {"D", NT_ACE_DENY},
    {"AU", NT_ACE_AUDIT},
    {"AL", NT_ACE_ALARM},
    {"ML", NT_ACE_MANDATORY_LABEL},
};
const size_t sddl_ace_type_count = ARRAY_SIZE(sddl_ace_types);

const struct sddl_word sddl_ace_flags[] = {
    {"OI", NT_OBJECT_INHERIT}, {"CI", NT_CONTAINER_INHERIT}, {"NP", NT_NO_PROPAGATE},
    {"IO", NT_INHERIT_ONLY},   {"ID", NT_INHERITED},         {"CR", NT_CRITICAL},
    {"SA", NT_AUDIT_SUCCESS},  {"FA", NT_AUDIT_FAILURE},
};
const size_t sddl_ace_flag_count = ARRAY_SIZE(sddl_ace_flags);

/* KX is left to the reader: it has the value of KR. */
const struct sddl_word sddl_rights[] = {
    {"FA", NT_FILE_ALL},
    {"FR", NT_FILE_GENERIC_READ},
    {"FW", NT_FILE_GENERIC_WRITE},
    {"FX", NT_FILE_GENERIC_EXECUTE},
    {"KA", 0x000f003f},
    {"KR", 0x00020019},
    {"KW", 0x00020006},
    {"KX", 0x00020019},
    {"GA", NT_GENERIC_ALL},
    {"GR", NT_GENERIC_READ},
    {"GW", NT_GENERIC_WRITE},
    {"GX", NT_GENERIC_EXECUTE},
    {"RC", NT_READ_CONTROL},
    {"SD", NT_DELETE},
    {"WD", NT_WRITE_DAC},
    {"WO", NT_WRITE_OWNER},
    {"CC", 0x001},
    {"DC", 0x002},
    {"LC", 0x004},
    {"SW", 0x008},
    {"RP", 0x010},
    {"WP", 0x020},
    {"DT", 0x040},
    {"LO", 0x080},
    {"CR", 0x100},
};
const size_t sddl_right_count = ARRAY_SIZE(sddl_rights);

const struct sddl_word sddl_label_rights[] = {
    {"NW", NT_LABEL_NO_WRITE_UP},
    {"NR", NT_LABEL_NO_READ_UP},
    {"NX", NT_LABEL_NO_EXECUTE_UP},
};
const size_t sddl_label_right_count = ARRAY_SIZE(sddl_label_rights);
