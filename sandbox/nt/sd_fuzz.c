/* Descriptors as bytes and as SDDL, from anywhere: what is read is written and read again as the same.
 * Built by ci/fuzz. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "sandbox/nt/access.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static uint8_t *write_sd(const struct nt_sd *sd)
{
    uint8_t *bytes = malloc(nt_sd_size(sd));
    struct error err = {0};

    if (bytes != NULL && nt_sd_write(sd, bytes, &err) == 0)
        return bytes;
    free(bytes); /* larger than Windows stores */
    return NULL;
}

static void check_access(const struct nt_sd *sd, uint32_t desired)
{
    AUTO_TOKEN struct nt_token token = NT_TOKEN_EMPTY;
    struct nt_access_check check = {
        .sd = sd, .token = &token, .desired = desired, .mapping = &NT_FILE_MAPPING};
    struct nt_access access;
    struct nt_access jailed;

    token.user = sd->owner;
    access = nt_access_check(&check);
    must(access.is_allowed == (access.granted != 0));
    token.is_restricted = true;
    token.is_write_restricted = true;
    jailed = nt_access_check(&check);
    must((jailed.granted & ~access.granted) == 0); /* a second pass never adds a right */
}

static void try_sd(const struct nt_sd *sd)
{
    AUTO_FREE uint8_t *bytes = write_sd(sd);
    AUTO_FREE uint8_t *again_bytes = NULL;
    AUTO_FREE char *text = NULL;
    AUTO_FREE char *again_text = NULL;
    AUTO_SD struct nt_sd again = NT_SD_EMPTY;
    AUTO_SD struct nt_sd parsed = NT_SD_EMPTY;
    struct error err = {0};

    check_access(sd, NT_MAXIMUM_ALLOWED);
    check_access(sd, NT_FILE_GENERIC_WRITE);
    if (bytes == NULL)
        return;
    must(nt_sd_read(bytes, nt_sd_size(sd), &again, &err) == 0);
    again_bytes = write_sd(&again);
    must(again_bytes != NULL && nt_sd_size(sd) == nt_sd_size(&again) &&
         memcmp(bytes, again_bytes, nt_sd_size(sd)) == 0);
    text = nt_sddl_format(sd, &err);
    if (text == NULL)
        return; /* an entry that SDDL has no words for */
    must(nt_sddl_parse(text, NULL, &parsed, &err) == 0);
    again_text = nt_sddl_format(&parsed, &err);
    must(again_text != NULL && strcmp(text, again_text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_SD struct nt_sd sd = NT_SD_EMPTY;
    AUTO_SD struct nt_sd parsed = NT_SD_EMPTY;
    AUTO_FREE char *text = text_copy((const char *)data, size);
    struct error err = {0};

    if (nt_sd_read(data, size, &sd, &err) == 0)
        try_sd(&sd);
    if (text != NULL && nt_sddl_parse(text, NULL, &parsed, &err) == 0)
        try_sd(&parsed);
    return 0;
}
