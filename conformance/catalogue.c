#include "conformance/catalogue.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/sha256.h"
#include "base/text.h"
#include "conformance/probes/families.h"

size_t catalogue_count(void)
{
    size_t count = 0;

    for (size_t i = 0; i < probe_family_count; i++)
        count += probe_families[i]->count;
    return count;
}

const struct probe *catalogue_at(size_t index)
{
    for (size_t i = 0; i < probe_family_count; i++) {
        if (index < probe_families[i]->count)
            return &probe_families[i]->rows[index];
        index -= probe_families[i]->count;
    }
    return NULL;
}

void catalogue_area(const struct probe *probe, char area[32])
{
    size_t length = strcspn(probe->id, ".");

    (void)snprintf(area, 32, "%.*s", (int)(length < 31 ? length : 31), probe->id);
}

bool catalogue_is_must_work(const struct probe *probe)
{
    return strncmp(probe->id, "mw.", 3) == 0;
}

bool catalogue_is_runnable(const struct probe *probe)
{
    return (probe->platforms & (unsigned)PLATFORM_UNIX) != 0 && probe->not_implemented == NULL &&
           (probe->attempt != NULL || probe->command != NULL);
}

const char *severity_name(enum severity severity)
{
    switch (severity) {
    case SEVERITY_INFO:
        return "info";
    case SEVERITY_LOW:
        return "low";
    case SEVERITY_MEDIUM:
        return "medium";
    case SEVERITY_HIGH:
        return "high";
    case SEVERITY_CRITICAL:
        return "critical";
    }
    return "unknown";
}

int severity_parse(const char *name, enum severity *severity, struct error *err)
{
    for (int i = SEVERITY_INFO; i <= SEVERITY_CRITICAL; i++) {
        if (strcmp(name, severity_name((enum severity)i)) == 0) {
            *severity = (enum severity)i;
            return 0;
        }
    }
    return error_set(err, ERR_USAGE, "%s: not one of info, low, medium, high, critical", name);
}

const char *oracle_name(enum oracle oracle)
{
    switch (oracle) {
    case ORACLE_CANARY:
        return "canary";
    case ORACLE_METADATA:
        return "metadata";
    case ORACLE_LISTENER:
        return "listener";
    case ORACLE_VICTIM:
        return "victim";
    case ORACLE_LEAK:
        return "leak";
    case ORACLE_PROCESS:
        return "process";
    case ORACLE_TRIGGER:
        return "trigger";
    case ORACLE_CUSTOM:
        return "custom";
    }
    return "unknown";
}

bool catalogue_matches(const struct catalogue_filter *filter, const struct probe *probe)
{
    char area[32];
    bool is_named = filter->patterns == NULL || filter->patterns[0] == NULL;

    for (size_t i = 0; !is_named && filter->patterns[i] != NULL; i++)
        is_named = text_matches(filter->patterns[i], probe->id);
    catalogue_area(probe, area);
    return is_named && (filter->area == NULL || strcmp(filter->area, area) == 0) &&
           (filter->platforms == 0 || (filter->platforms & probe->platforms) != 0) &&
           probe->severity >= filter->at_least;
}

int catalogue_check_pattern(const char *pattern, struct error *err)
{
    for (size_t i = 0; i < catalogue_count(); i++) {
        if (text_matches(pattern, catalogue_at(i)->id))
            return 0;
    }
    return error_set(err, ERR_USAGE, "%.200s: no case of the catalogue matches", pattern);
}

static void add_field(struct sha256 *hash, const char *text)
{
    const char *present = text != NULL ? text : "";

    sha256_add(hash, present, strlen(present) + 1);
}

static void add_number(struct sha256 *hash, unsigned number)
{
    char text[16];

    (void)snprintf(text, sizeof text, "%u", number);
    add_field(hash, text);
}

void catalogue_digest(char hex[65])
{
    struct sha256 hash;

    sha256_init(&hash);
    add_field(&hash, CATALOGUE_VERSION);
    for (size_t i = 0; i < catalogue_count(); i++) {
        const struct probe *probe = catalogue_at(i);

        add_field(&hash, probe->id);
        add_field(&hash, probe->claim);
        add_field(&hash, probe->technique);
        add_field(&hash, probe->needs);
        add_number(&hash, (unsigned)probe->severity);
        add_number(&hash, probe->platforms);
        add_number(&hash, probe->oracles);
        add_number(&hash, probe->flags);
        add_number(&hash, catalogue_is_runnable(probe) ? 1 : 0);
    }
    sha256_finish(&hash, hex);
}

static bool is_id(const char *id)
{
    size_t area = strspn(id, "abcdefghijklmnopqrstuvwxyz");
    size_t name;

    if (area == 0 || id[area] != '.')
        return false;
    name = strspn(id + area + 1, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return name > 0 && id[area + 1 + name] == '\0';
}

static bool is_empty(const char *text)
{
    return text == NULL || text[0] == '\0';
}

static const char *row_fault(const struct probe *probe)
{
    bool is_containment = !catalogue_is_must_work(probe);

    if (probe->id == NULL || !is_id(probe->id))
        return "its id is not area.name";
    if (is_empty(probe->claim))
        return "it has no claim";
    if (is_empty(probe->technique) && is_containment)
        return "it has no technique";
    if (is_empty(probe->source))
        return "it has no source";
    if (probe->platforms == 0)
        return "it names no platform";
    if (probe->attempt == NULL && probe->command == NULL && is_empty(probe->not_implemented))
        return "it has neither a function nor a command nor a reason why not";
    if (probe->attempt != NULL && is_containment && probe->oracles == 0 &&
        is_empty(probe->not_implemented))
        return "no oracle decides it";
    if ((probe->oracles & (unsigned)(ORACLE_CUSTOM | ORACLE_TRIGGER)) != 0 &&
        probe->observe == NULL && is_empty(probe->not_implemented))
        return "its own oracle has no observe()";
    return NULL;
}

int catalogue_check(struct error *err)
{
    size_t count = catalogue_count();

    for (size_t i = 0; i < count; i++) {
        const struct probe *probe = catalogue_at(i);
        const char *fault = row_fault(probe);

        if (fault != NULL)
            return error_set(err, ERR_CORRUPT, "row %s: %s", probe->id != NULL ? probe->id : "?",
                             fault);
        for (size_t j = 0; j < i; j++) {
            if (strcmp(catalogue_at(j)->id, probe->id) == 0)
                return error_set(err, ERR_CORRUPT, "row %s: listed twice", probe->id);
        }
    }
    return 0;
}
