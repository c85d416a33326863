/* What the machine is. */
#include "sandbox/windows/evidence/evidence.h"

#include <ntsecapi.h>

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "sandbox/windows/token.h"

bool evidence_is_administrator(void)
{
    struct error ignored;
    AUTO_HANDLE HANDLE own = win_token_own(&ignored);
    AUTO_TOKEN struct nt_token token = NT_TOKEN_EMPTY;

    if (own == NULL || win_token_read(own, &token, &ignored) < 0)
        return true; /* not known: the worse */
    for (size_t i = 0; i < token.group_count; i++) {
        if (nt_sid_equal(&token.groups[i].sid, &NT_ADMINISTRATORS))
            return true;
    }
    return false;
}

unsigned long evidence_count_logons(void)
{
    ULONG count = 0;
    LUID *list = NULL;

    if (LsaEnumerateLogonSessions(&count, &list) < 0)
        return 0;
    (void)LsaFreeReturnBuffer(list);
    return count;
}

static void read_text(const wchar_t *name, char out[128])
{
    wchar_t text[128] = L"";
    DWORD size = sizeof text - sizeof text[0];
    struct error ignored;
    AUTO_FREE char *narrow = NULL;

    (void)snprintf(out, 128, "unknown");
    if (RegGetValueW(HKEY_LOCAL_MACHINE, L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion", name,
                     RRF_RT_REG_SZ, NULL, text, &size) != ERROR_SUCCESS)
        return;
    narrow = win_narrow(text, &ignored);
    if (narrow != NULL)
        (void)snprintf(out, 128, "%s", narrow);
}

static void add_member(struct buffer *out, const char *name, const char *value)
{
    buffer_printf(out, "\"%s\": \"", name);
    text_escape_json(out, value, strlen(value));
    buffer_add_text(out, "\", ");
}

void evidence_describe_machine(struct buffer *out)
{
    struct error ignored;
    AUTO_HANDLE HANDLE own = win_token_own(&ignored);
    char product[128];
    char build[128];
    char edition[128];
    DWORD revision = 0;
    DWORD size = sizeof revision;

    read_text(L"ProductName", product);
    read_text(L"CurrentBuildNumber", build);
    read_text(L"EditionID", edition);
    (void)RegGetValueW(HKEY_LOCAL_MACHINE, L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion",
                       L"UBR", RRF_RT_REG_DWORD, NULL, &revision, &size);
    add_member(out, "product", product);
    add_member(out, "edition", edition);
    buffer_printf(out,
                  "\"build\": \"%s.%lu\", \"wine\": %s, \"elevated\": %s, \"administrator\": %s",
                  build, (unsigned long)revision, win_is_wine() ? "true" : "false",
                  own != NULL && win_token_is_elevated(own) ? "true" : "false",
                  evidence_is_administrator() ? "true" : "false");
}
