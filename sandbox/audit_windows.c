/* Everyone, Authenticated Users, Users: by SID, in descriptors read by handle (nt/audit.h). */
#include "sandbox/audit.h"

#include <stdio.h>
#include <string.h>

#include "base/os.h"
#include "base/text.h"
#include "sandbox/nt/audit.h"
#include "sandbox/windows/machine.h"

static bool is_time_up(void *own)
{
    const struct audit *audit = own;

    return audit->until_ns != 0 && os_now_ns() >= audit->until_ns;
}

/* A share is not even asked whether it is there: asking sends the user's name to its server. */
static bool is_remote(const char *path)
{
    return path[0] == '\\' && path[1] == '\\' && strncmp(path, "\\\\?\\", 4) != 0;
}

static int take_findings(struct audit *audit, const struct nt_audit *found, struct error *err)
{
    audit->looks += found->looks;
    audit->unreadable += found->unreadable;
    audit->links += found->links;
    audit->cut += found->cut;
    audit->was_stopped = audit->was_stopped || found->was_stopped;
    for (size_t i = 0; i < found->count; i++) {
        char rights[16];

        (void)snprintf(rights, sizeof rights, "0x%06x", (unsigned)found->findings[i].rights);
        if (audit_add(audit, found->findings[i].path, nt_audience_name(found->findings[i].audience),
                      rights, err) < 0)
            return -1;
    }
    return 0;
}

int audit_place(struct audit *audit, const char *path, struct error *err)
{
    struct nt_audit found = {.depth = audit->depth,
                             .looks_max = audit->entries_max - audit->looks,
                             .per_directory = 1000,
                             .is_time_up = is_time_up,
                             .own = audit};
    struct win_machine machine;
    int result;

    if (is_remote(path)) {
        audit->unreadable++;
        return 0;
    }
    win_machine_init(&machine, NULL, NULL);
    result = nt_audit_place(&machine.machine, path, &found, err);
    if (result == 0)
        result = take_findings(audit, &found, err);
    nt_audit_done(&found);
    return result;
}

static int add_once(struct text_list *places, const char *path, size_t length, struct error *err)
{
    AUTO_FREE char *copy = text_copy(path, length);

    if (copy == NULL)
        return error_memory(err, "audit");
    return length < 3 || text_list_has(places, copy) ? 0 : text_list_add(places, copy, err);
}

int audit_usual_places(struct text_list *places, struct error *err)
{
    static const char *const variables[] = {"SystemDrive", "SystemRoot", "ProgramData", "PUBLIC",
                                            "USERPROFILE", "TEMP",       "TMP",         "PATH"};
    AUTO_FREE char *here = os_absolute_path(".", err);

    if (here == NULL || add_once(places, here, strlen(here), err) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
        const char *at = getenv(variables[i]);

        if (i == 0 && at != NULL) {
            char drive[4];

            (void)snprintf(drive, sizeof drive, "%.2s\\", at);
            if (add_once(places, drive, strlen(drive), err) < 0)
                return -1;
            continue;
        }
        while (at != NULL && *at != '\0') {
            size_t length = strcspn(at, ";");

            if (add_once(places, at, length, err) < 0)
                return -1;
            at += length + (at[length] == ';' ? 1 : 0);
        }
    }
    return 0;
}
