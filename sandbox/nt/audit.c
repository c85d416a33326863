#include "sandbox/nt/audit.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buffer.h"
#include "sandbox/nt/access.h"

/* Rights that change an object or what is in it. */
enum {
    WRITE_RIGHTS = NT_FILE_WRITE_DATA | NT_FILE_APPEND_DATA | NT_FILE_WRITE_EA |
                   NT_FILE_WRITE_ATTRIBUTES | NT_FILE_DELETE_CHILD | NT_DELETE | NT_WRITE_DAC |
                   NT_WRITE_OWNER,
};

const char *nt_audience_name(enum nt_audience audience)
{
    switch (audience) {
    case NT_AUDIENCE_NULL_DACL:
        return "everybody (NULL DACL)";
    case NT_AUDIENCE_EVERYONE:
        return "Everyone";
    case NT_AUDIENCE_AUTHENTICATED:
        return "Authenticated Users";
    case NT_AUDIENCE_USERS:
        return "Users";
    }
    return "unknown";
}

void nt_audit_done(struct nt_audit *audit)
{
    for (size_t i = 0; i < audit->count; i++)
        free(audit->findings[i].path);
    free(audit->findings);
    audit->findings = NULL;
    audit->count = 0;
}

/* What they have if every condition is met: nobody here can tell, so it counts as writable. */
static uint32_t under_conditions(const struct nt_sd *sd, const struct nt_sid *who)
{
    uint32_t rights = 0;

    for (size_t i = 0; i < sd->dacl.count; i++) {
        const struct nt_ace *ace = &sd->dacl.aces[i];

        if (ace->type == NT_ACE_ALLOW_CALLBACK && (ace->flags & NT_INHERIT_ONLY) == 0 &&
            nt_sid_equal(&ace->sid, who))
            rights |= ace->mask;
    }
    return rights;
}

/* What somebody has who is nobody but this group. */
static uint32_t rights_of(const struct nt_sd *sd, const struct nt_sid *who)
{
    struct nt_group group = {*who, NT_GROUP_USUAL};
    struct nt_token token = {
        .user = NT_SID(0, 0), .groups = &group, .group_count = 1, .integrity = NT_INTEGRITY_MEDIUM};
    struct nt_access_check check = {
        .sd = sd, .token = &token, .desired = NT_MAXIMUM_ALLOWED, .mapping = &NT_FILE_MAPPING};

    return (nt_access_check(&check).granted | under_conditions(sd, who)) & WRITE_RIGHTS;
}

bool nt_audit_sd(const struct nt_sd *sd, enum nt_audience *audience, uint32_t *rights)
{
    static const struct {
        enum nt_audience audience;
        const struct nt_sid *sid;
    } audiences[] = {{NT_AUDIENCE_EVERYONE, &NT_EVERYONE},
                     {NT_AUDIENCE_AUTHENTICATED, &NT_AUTHENTICATED_USERS},
                     {NT_AUDIENCE_USERS, &NT_USERS}};

    *rights = WRITE_RIGHTS;
    *audience = NT_AUDIENCE_NULL_DACL;
    if (nt_sd_is_open(sd))
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(audiences); i++) {
        *audience = audiences[i].audience;
        *rights = rights_of(sd, audiences[i].sid);
        if (*rights != 0)
            return true;
    }
    return false;
}

static int add_finding(struct nt_audit *audit, const char *path, enum nt_audience audience,
                       uint32_t rights, struct error *err)
{
    struct nt_finding *findings = realloc(audit->findings, (audit->count + 1) * sizeof *findings);
    char *copy = strdup(path);

    if (findings != NULL)
        audit->findings = findings;
    if (findings == NULL || copy == NULL) {
        free(copy);
        return error_memory(err, "audit");
    }
    findings[audit->count++] = (struct nt_finding){copy, audience, rights};
    return 0;
}

static bool is_budget_gone(struct nt_audit *audit)
{
    if (audit->looks >= audit->looks_max ||
        (audit->is_time_up != NULL && audit->is_time_up(audit->own)))
        audit->was_stopped = true;
    return audit->was_stopped;
}

static int visit(struct nt_machine *machine, void *node, const char *path, unsigned depth,
                 struct nt_audit *audit, struct error *err);

static int visit_child(struct nt_machine *machine, void *node, const char *path, const char *name,
                       unsigned depth, struct nt_audit *audit, struct error *err)
{
    AUTO_BUFFER struct buffer below = BUFFER_EMPTY;
    void *child = NULL;
    int result;

    buffer_printf(&below, "%s%s%s", path, path[strlen(path) - 1] == '\\' ? "" : "\\", name);
    if (buffer_failed(&below))
        return error_memory(err, "audit");
    if (machine->ops->open_child(machine, node, name, &child, err) < 0) {
        audit->unreadable++;
        return 0;
    }
    result = visit(machine, child, buffer_text(&below), depth, audit, err);
    machine->ops->close(machine, child);
    return result;
}

static int visit_children(struct nt_machine *machine, void *node, const char *path, unsigned depth,
                          struct nt_audit *audit, struct error *err)
{
    struct text_list names = {0};
    int result = 0;

    if (machine->ops->list(machine, node, &names, err) < 0) {
        text_list_done(&names);
        audit->unreadable++;
        return 0;
    }
    audit->cut += names.count > audit->per_directory ? 1 : 0;
    for (size_t i = 0; result == 0 && i < names.count && i < audit->per_directory; i++)
        result = visit_child(machine, node, path, names.items[i], depth - 1, audit, err);
    text_list_done(&names);
    return result;
}

static int visit(struct nt_machine *machine, void *node, const char *path, unsigned depth,
                 struct nt_audit *audit, struct error *err)
{
    AUTO_SD struct nt_sd sd = NT_SD_EMPTY;
    struct nt_file_facts facts;
    enum nt_audience audience;
    uint32_t rights;

    if (is_budget_gone(audit))
        return 0;
    audit->looks++;
    if (machine->ops->look(machine, node, &facts, &sd, err) < 0) {
        audit->unreadable++;
        return 0;
    }
    if (facts.is_reparse) {
        audit->links++;
        return 0;
    }
    if (nt_audit_sd(&sd, &audience, &rights) && add_finding(audit, path, audience, rights, err) < 0)
        return -1;
    if (!facts.is_directory || depth == 0)
        return 0;
    return visit_children(machine, node, path, depth, audit, err);
}

int nt_audit_place(struct nt_machine *machine, const char *path, struct nt_audit *audit,
                   struct error *err)
{
    void *node = NULL;
    int result;

    if (machine->ops->open_path(machine, path, &node, err) < 0) {
        audit->unreadable += err->code == ERR_NOT_FOUND ? 0 : 1;
        return 0;
    }
    result = visit(machine, node, path, audit->depth, audit, err);
    machine->ops->close(machine, node);
    return result;
}
