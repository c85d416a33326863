#include "results/fields.h"

#include <stdlib.h>
#include <string.h>

#include "results/model.h"

const struct text_field case_fields[] = {
    {"id", offsetof(struct result_case, id), true},
    {"sandbox", offsetof(struct result_case, sandbox), true},
    {"identity", offsetof(struct result_case, identity), true},
    {"control", offsetof(struct result_case, control), false},
    {"twin", offsetof(struct result_case, twin), false},
    {"oracle", offsetof(struct result_case, oracle), false},
    {"evidence", offsetof(struct result_case, evidence), false},
    {"reason", offsetof(struct result_case, reason), false},
    {"source", offsetof(struct result_case, source), false},
    {"expires", offsetof(struct result_case, expires), false},
    {"severity", offsetof(struct result_case, severity), false},
    {"technique", offsetof(struct result_case, technique), false},
    {"claim", offsetof(struct result_case, claim), false},
    {"predicted", offsetof(struct result_case, predicted), false},
    {0},
};

const struct text_field sandbox_fields[] = {
    {"name", offsetof(struct result_sandbox, name), true},
    {"version", offsetof(struct result_sandbox, version), false},
    {"mode", offsetof(struct result_sandbox, mode), false},
    {"identity", offsetof(struct result_sandbox, identity), true},
    {"reason", offsetof(struct result_sandbox, reason), false},
    {0},
};

const struct text_field host_fields[] = {
    {"os", offsetof(struct result_host, os), true},
    {"kernel", offsetof(struct result_host, kernel), false},
    {"arch", offsetof(struct result_host, arch), false},
    {"cpu", offsetof(struct result_host, cpu), false},
    {"machine", offsetof(struct result_host, machine), false},
    {"holdfast", offsetof(struct result_host, holdfast), true},
    {"build", offsetof(struct result_host, build), false},
    {0},
};

const struct text_field run_fields[] = {
    {"started", offsetof(struct result_run, started), true},
    {"finished", offsetof(struct result_run, finished), true},
    {0},
};

char **field_slot(void *base, const struct text_field *field)
{
    return (char **)(void *)((char *)base + field->offset);
}

const char *field_text(const void *base, const struct text_field *field)
{
    return *(char *const *)(const void *)((const char *)base + field->offset);
}

void fields_free(void *base, const struct text_field *fields)
{
    for (; fields->key != NULL; fields++) {
        free(*field_slot(base, fields));
        *field_slot(base, fields) = NULL;
    }
}

bool fields_copy(void *to, const void *from, const struct text_field *fields)
{
    for (const struct text_field *field = fields; field->key != NULL; field++)
        *field_slot(to, field) = NULL;
    for (const struct text_field *field = fields; field->key != NULL; field++) {
        const char *text = field_text(from, field);

        if (text == NULL)
            continue;
        *field_slot(to, field) = strdup(text);
        if (*field_slot(to, field) == NULL) {
            fields_free(to, fields);
            return false;
        }
    }
    return true;
}
