#include "bench/facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/os.h"

/* The first line of `path` that begins with `key`, after its ": "; "" if there is none. A key of ""
 * takes the first line whole. Caller frees. */
static char *read_value(const char *path, const char *key)
{
    AUTO_FILE FILE *file = fopen(path, "re");
    AUTO_FREE char *line = NULL;
    size_t room = 0;

    while (file != NULL && getline(&line, &room, file) > 0) {
        const char *value = line;

        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, key, strlen(key)) != 0)
            continue;
        if (key[0] != '\0' && (value = strchr(line, ':')) != NULL)
            value += 1 + strspn(value + 1, " \t");
        return strdup(value != NULL ? value : "");
    }
    return strdup("");
}

static int landlock_abi(void)
{
    /* landlock_create_ruleset(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION), landlock(7) */
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, 1U);

    return abi > 0 ? (int)abi : 0;
}

static const char *machine_kind(const char *release)
{
    AUTO_FREE char *flags = read_value("/proc/cpuinfo", "flags");

    if (strstr(release, "icrosoft") != NULL)
        return "wsl2";
    if (access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0)
        return "container";
    if (flags != NULL && strstr(flags, " hypervisor") != NULL)
        return "vm";
    return "bare";
}

static double load_average(void)
{
    double load = -1;

    return getloadavg(&load, 1) == 1 ? load : -1;
}

/* CPU time taken by the hypervisor since boot, over all processors (proc_stat(5)). */
static uint64_t steal_ms(void)
{
    AUTO_FREE char *line = read_value("/proc/stat", "");
    unsigned long long steal = 0;

    if (line == NULL || sscanf(line, "cpu %*u %*u %*u %*u %*u %*u %*u %llu", &steal) != 1)
        return 0;
    return steal * 1000u / (unsigned long)sysconf(_SC_CLK_TCK);
}

static char *now_text(void)
{
    char text[32];
    time_t now = time(NULL);
    struct tm utc;

    if (gmtime_r(&now, &utc) == NULL ||
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        return strdup("");
    return strdup(text);
}

int bench_facts_begin(struct bench_report *report, struct error *err)
{
    struct bench_host *host = &report->host;
    struct utsname name;

    if (uname(&name) < 0)
        memset(&name, 0, sizeof name);
    host->os = strdup("linux");
    host->kernel = strdup(name.release);
    host->arch = strdup(name.machine);
    host->cpu = read_value("/proc/cpuinfo", "model name");
    host->machine = strdup(machine_kind(name.release));
    host->clock =
        read_value("/sys/devices/system/clocksource/clocksource0/current_clocksource", "");
    host->governor = read_value("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "");
    host->cpus = (unsigned)os_cpu_count();
    host->memory_bytes = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    host->landlock_abi = landlock_abi();
    host->load_before = load_average();
    host->steal_ms = steal_ms();
    report->identity = strdup(geteuid() == 0 ? "root" : "user");
    report->started = now_text();
    if (host->os == NULL || host->kernel == NULL || host->arch == NULL || host->cpu == NULL ||
        host->machine == NULL || host->clock == NULL || host->governor == NULL ||
        report->identity == NULL || report->started == NULL)
        return error_memory(err, "facts about this machine");
    return 0;
}

int bench_facts_end(struct bench_report *report, struct error *err)
{
    report->host.load_after = load_average();
    report->host.steal_ms = steal_ms() - report->host.steal_ms;
    report->finished = now_text();
    return report->finished != NULL ? 0 : error_memory(err, "facts about this machine");
}
