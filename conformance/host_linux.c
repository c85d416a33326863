#include "conformance/host.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/os.h"
#include "base/version.h"
#include "conformance/needs.h"

enum {
    FILE_MAX = 1024 * 1024
};

/* The rest of the first line that begins with prefix, without quotes and what separates it. */
static char *find_line(const char *path, const char *prefix)
{
    AUTO_FREE char *text = NULL;
    size_t size = 0;
    struct error ignored;
    char *save = NULL;

    if (os_read_file(path, FILE_MAX, &text, &size, &ignored) < 0)
        return NULL;
    for (char *line = strtok_r(text, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save)) {
        char *value = line + strlen(prefix);

        if (strncmp(line, prefix, strlen(prefix)) != 0)
            continue;
        value += strspn(value, " \t:=\"");
        value[strcspn(value, "\"")] = '\0';
        return strdup(value);
    }
    return NULL;
}

static bool holds(const char *path, const char *word)
{
    AUTO_FREE char *text = NULL;
    size_t size = 0;
    struct error ignored;

    return os_read_file(path, FILE_MAX, &text, &size, &ignored) == 0 && strstr(text, word) != NULL;
}

/* What kind of machine: verdicts depend on it, and numbers even more. */
static const char *machine_kind(const char *release)
{
    if (strstr(release, "WSL2") != NULL || strstr(release, "microsoft-standard") != NULL)
        return "wsl2";
    if (access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0)
        return "container";
    if (holds("/proc/cpuinfo", " hypervisor"))
        return "vm";
    return "bare";
}

static char *copy(const char *text)
{
    return strdup(text != NULL ? text : "");
}

int host_describe(struct result_host *host, struct error *err)
{
    struct utsname name;
    struct sysinfo info;

    if (uname(&name) < 0)
        return error_set(err, ERR_OS, "uname");
    /* The file in /etc is most often a link, which is not followed. */
    host->os = find_line("/etc/os-release", "PRETTY_NAME");
    if (host->os == NULL)
        host->os = find_line("/usr/lib/os-release", "PRETTY_NAME");
    if (host->os == NULL)
        host->os = copy(name.sysname);
    host->kernel = copy(name.release);
    host->arch = copy(name.machine);
    host->cpu = find_line("/proc/cpuinfo", "model name");
    if (host->cpu == NULL)
        host->cpu = copy("");
    host->machine = copy(machine_kind(name.release));
    host->cpus = (unsigned)os_cpu_count();
    if (sysinfo(&info) == 0)
        host->memory_bytes = (uint64_t)info.totalram * info.mem_unit;
    host->landlock_abi = needs_landlock_abi();
    host->holdfast = copy(HOLDFAST_VERSION);
    return 0;
}

char *host_time(void)
{
    const time_t now = time(NULL);
    struct tm parts;
    char text[40];

    if (gmtime_r(&now, &parts) == NULL ||
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        return strdup("");
    return strdup(text);
}
