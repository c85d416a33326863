/*
 * holdfast-probe: the program that runs inside the sandbox. It makes one
 * attempt and dies. One static program, libc only, so that it starts in the
 * emptiest of sandboxes.
 *
 *     holdfast-probe ID KEY=VALUE... [-- ARG...]    keys: the fields of struct attempt
 *     holdfast-probe --run KEY=VALUE... [-- COMMAND ARG...]
 *                                                   lights the beacon and becomes COMMAND
 *     holdfast-probe --list                         ids that have an attempt, one a line
 *
 * Before the attempt it creates ws/beacon-NONCE, which shows from outside that
 * it ran, and after it ws/over-NONCE: the attempt was made to its end, whatever
 * became of it. ARGs are for an attempt that runs the program again (run_self);
 * such a second run makes neither.
 *
 * Exit status: 0 the attempt says it went through, 1 it was refused, 3 it
 * could not be tried, 2 usage. People read it; verdicts come from the oracles.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "conformance/probe.h"
#include "conformance/probes/families.h"
#include "conformance/probes/tools.h"

enum key_kind {
    KEY_TEXT,
    KEY_PORT,
    KEY_PID, /* and other ints */
    KEY_ADDRESS
};

struct key {
    const char *name;
    enum key_kind kind;
    size_t offset; /* in struct attempt */
};

#define TEXT(field)                                       \
    {                                                     \
#field, KEY_TEXT, offsetof(struct attempt, field) \
    }
#define PORT(field)                                       \
    {                                                     \
#field, KEY_PORT, offsetof(struct attempt, field) \
    }

static const struct key keys[] = {
    TEXT(ws),
    TEXT(extra),
    TEXT(home),
    TEXT(secret),
    TEXT(outside),
    TEXT(public_dir),
    TEXT(run),
    TEXT(bin),
    TEXT(nonce),
    TEXT(root),
    PORT(tcp4),
    PORT(tcp6),
    PORT(udp4),
    PORT(udp6),
    TEXT(unix_stream),
    TEXT(unix_dgram),
    TEXT(abstract_stream),
    TEXT(abstract_dgram),
    {"victim", KEY_PID, offsetof(struct attempt, victim)},
    {"victim_fd", KEY_PID, offsetof(struct attempt, victim_fd)},
    {"victim_memory", KEY_ADDRESS, offsetof(struct attempt, victim_memory)},
};

static const struct key *find_key(const char *name, size_t length)
{
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        if (strlen(keys[i].name) == length && memcmp(keys[i].name, name, length) == 0)
            return &keys[i];
    }
    return NULL;
}

static int parse_number(const char *text, long max, long *value)
{
    char *end;

    errno = 0;
    *value = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || *value < 0 || *value > max)
        return -1;
    return 0;
}

static int set_key(struct attempt *attempt, const struct key *key, const char *value)
{
    char *place = (char *)attempt + key->offset;
    long number;

    switch (key->kind) {
    case KEY_TEXT:
        memcpy(place, &value, sizeof value);
        return 0;
    case KEY_PORT:
        if (parse_number(value, UINT16_MAX, &number) < 0)
            return -1;
        *(uint16_t *)(void *)place = (uint16_t)number;
        return 0;
    case KEY_PID:
        if (parse_number(value, INT_MAX, &number) < 0)
            return -1;
        *(pid_t *)(void *)place = (pid_t)number;
        return 0;
    case KEY_ADDRESS:
        if (parse_number(value, LONG_MAX, &number) < 0)
            return -1;
        *(uint64_t *)(void *)place = (uint64_t)number;
        return 0;
    }
    return -1;
}

/* Returns the index behind the last KEY=VALUE, or -1. */
static int parse_keys(struct attempt *attempt, int argc, char **argv)
{
    int i = 2;

    for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
        const char *equals = strchr(argv[i], '=');
        const struct key *key = NULL;

        if (equals != NULL)
            key = find_key(argv[i], (size_t)(equals - argv[i]));
        if (key == NULL || set_key(attempt, key, equals + 1) < 0) {
            (void)fprintf(stderr, "holdfast-probe: %s: unknown key or bad value\n", argv[i]);
            return -1;
        }
    }
    return i;
}

static int list_attempts(void)
{
    for (size_t f = 0; f < probe_family_count; f++) {
        for (size_t i = 0; i < probe_families[f]->count; i++) {
            if (probe_families[f]->rows[i].attempt != NULL)
                (void)printf("%s\n", probe_families[f]->rows[i].id);
        }
    }
    return EXIT_SUCCESS;
}

static int make_attempt(const struct probe *row, const struct attempt *attempt)
{
    int outcome;

    leave_mark(attempt, PROBE_MARK_BEGUN);
    outcome = row->attempt(attempt);
    if (outcome != ATTEMPT_UNABLE)
        leave_mark(attempt, PROBE_MARK_OVER);
    return outcome;
}

static int tell(const char *id, int outcome)
{
    if (outcome == ATTEMPT_UNABLE) {
        (void)printf("%s: could not be tried\n", id);
        return PROBE_UNABLE;
    }
    if (outcome != 0) {
        (void)printf("%s: refused: %s\n", id, strerror(outcome));
        return PROBE_REFUSED;
    }
    (void)printf("%s: went through\n", id);
    return PROBE_WENT_THROUGH;
}

/* A must-work row's command: the beacon shows that it was this sandbox that started it. */
static int run_command(const struct attempt *attempt)
{
    leave_mark(attempt, PROBE_MARK_BEGUN);
    (void)fflush(NULL);
    if (attempt->argc == 0)
        return PROBE_WENT_THROUGH;
    (void)execvp(attempt->argv[0], attempt->argv);
    (void)fprintf(stderr, "holdfast-probe: %s: %s\n", attempt->argv[0], strerror(errno));
    return errno == ENOENT ? 127 : 126;
}

int main(int argc, char **argv)
{
    struct attempt attempt = {0};
    bool is_command;
    const struct probe *row;
    int end;

    if (argc == 2 && strcmp(argv[1], "--list") == 0)
        return list_attempts();
    if (argc < 2) {
        (void)fprintf(stderr, "usage: holdfast-probe ID|--run KEY=VALUE... [-- ARG...] | --list\n");
        return PROBE_USAGE;
    }
    is_command = strcmp(argv[1], "--run") == 0;
    row = probe_find(argv[1]);
    if (!is_command && (row == NULL || row->attempt == NULL)) {
        (void)fprintf(stderr, "holdfast-probe: %s: no such attempt; see --list\n", argv[1]);
        return PROBE_USAGE;
    }
    end = parse_keys(&attempt, argc, argv);
    if (end < 0)
        return PROBE_USAGE;
    tools_remember_self(argv, end);
    if (end < argc) {
        attempt.argc = argc - end - 1;
        attempt.argv = argv + end + 1;
    }
    if (is_command)
        return run_command(&attempt);
    (void)signal(SIGPIPE, SIG_IGN);
    return tell(row->id, attempt.argc == 0 ? make_attempt(row, &attempt) : row->attempt(&attempt));
}
