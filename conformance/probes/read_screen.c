/*
 * Row read.screenshot: the user's display. The harness starts an X server of
 * its own (Xvfb) and draws the token into a row of pixels, one character in
 * the lowest byte of each; the attempt asks the server for them. The protocol
 * is spoken by hand (X Window System Protocol, X11R7, chapters 8 and 10), so
 * that the probe needs no library.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "conformance/probe.h"
#include "conformance/probes/host.h"
#include "conformance/probes/tools.h"

enum {
    PIXELS = 32, /* the token's length */
    SETUP_MAX = 16 * 1024,
    START_STEP_MS = 10,
    START_STEPS = 300
};

struct display {
    int fd;
    uint32_t root, ids;
    uint8_t depth;
};

static int read_all(int fd, void *bytes, size_t size)
{
    size_t used = 0;

    while (used < size) {
        const ssize_t got = read(fd, (char *)bytes + used, size - used);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? errno : ECONNRESET;
        used += (size_t)got;
    }
    return 0;
}

static uint32_t word_at(const unsigned char *bytes, size_t offset)
{
    uint32_t word;

    memcpy(&word, bytes + offset, sizeof word);
    return word;
}

/* By the socket's path, or by the abstract name that servers open as well. */
static int connect_display(unsigned number, bool is_abstract)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timeval patience = {.tv_sec = 2};
    AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int length = snprintf(address.sun_path + is_abstract, sizeof address.sun_path - 1,
                                "/tmp/.X11-unix/X%u", number);

    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(fd, (const struct sockaddr *)&address,
                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)length + 1)) < 0)
        return -1;
    return TAKE_FD(fd);
}

/* Connection set-up (chapter 8): the first screen's root window and depth. */
static int greet(struct display *display)
{
    static const unsigned char hello[12] = {'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    unsigned char head[8], body[SETUP_MAX];
    size_t size, screen;
    int outcome;

    if (write(display->fd, hello, sizeof hello) != (ssize_t)sizeof hello)
        return errno;
    outcome = read_all(display->fd, head, sizeof head);
    if (outcome != 0)
        return outcome;
    size = (size_t)(head[6] | head[7] << 8) * 4;
    if (head[0] != 1 || size < 40 || size > sizeof body)
        return EACCES;
    outcome = read_all(display->fd, body, size);
    if (outcome != 0)
        return outcome;
    display->ids = word_at(body, 4);
    /* Behind the vendor's name, padded to four, and the formats, eight bytes each. */
    screen = 32 + (((size_t)(body[16] | body[17] << 8) + 3) & ~(size_t)3) + (size_t)body[21] * 8;
    if (screen + 40 > size)
        return EPROTO;
    display->root = word_at(body, screen);
    display->depth = body[screen + 38];
    return 0;
}

static int open_display(struct display *display, unsigned number)
{
    display->fd = connect_display(number, false);
    if (display->fd < 0)
        display->fd = connect_display(number, true);
    return display->fd < 0 ? errno : greet(display);
}

/* CreateGC (55) and PutImage (72) in ZPixmap, 32 bits a pixel at depths 24 and 32. */
static int draw(const struct display *display, const char *text)
{
    uint32_t create[4] = {55 | 4u << 16, display->ids, display->root, 0};
    uint32_t put[6 + PIXELS] = {
        72 | 2u << 8 | (6u + PIXELS) << 16, display->root, display->ids, PIXELS | 1u << 16, 0,
        (uint32_t)display->depth << 8};

    for (size_t i = 0; i < PIXELS; i++)
        put[6 + i] = (unsigned char)text[i];
    if (write(display->fd, create, sizeof create) != (ssize_t)sizeof create ||
        write(display->fd, put, sizeof put) != (ssize_t)sizeof put)
        return errno;
    return 0;
}

/* GetImage (73) of the first PIXELS pixels. */
static int look(const struct display *display, char *text)
{
    const uint32_t get[5] = {73 | 2u << 8 | 5u << 16, display->root, 0, PIXELS | 1u << 16,
                             UINT32_MAX};
    unsigned char head[32];
    uint32_t pixels[PIXELS];
    int outcome;

    if (write(display->fd, get, sizeof get) != (ssize_t)sizeof get)
        return errno;
    outcome = read_all(display->fd, head, sizeof head);
    if (outcome == 0 && (head[0] != 1 || word_at(head, 4) * 4 < sizeof pixels))
        outcome = EPROTO;
    if (outcome == 0)
        outcome = read_all(display->fd, pixels, sizeof pixels);
    for (size_t i = 0; outcome == 0 && i < PIXELS; i++)
        text[i] = (char)(pixels[i] & 0xff);
    return outcome;
}

/* Outside --------------------------------------------------------------------------------------- */

struct server {
    pid_t pid;
    unsigned number;
};

static _Noreturn void become_server(const struct scene *scene, unsigned number)
{
    char name[16];
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (int fd = 0; null >= 0 && fd <= 2; fd++)
        (void)dup2(null, fd);
    (void)snprintf(name, sizeof name, ":%u", number);
    if (geteuid() == 0 && (setgid(scene->gid) < 0 || setuid(scene->uid) < 0))
        _exit(1);
    execlp("Xvfb", "Xvfb", name, "-screen", "0", "64x64x24", "-nolisten", "tcp", "-ac", "-noreset",
           (char *)NULL);
    _exit(127);
}

static int await_and_draw(const struct scene *scene, const struct server *server)
{
    struct display display = {.fd = -1};
    char text[PIXELS];
    int outcome = ENOENT;

    for (int i = 0; i < START_STEPS && outcome != 0; i++) {
        sleep_ms(START_STEP_MS);
        if (display.fd >= 0)
            (void)close(display.fd);
        outcome = open_display(&display, server->number);
    }
    if (outcome == 0)
        outcome = draw(&display, scene->token);
    if (outcome == 0)
        outcome = look(&display, text); /* it is drawn when it can be seen */
    if (display.fd >= 0)
        (void)close(display.fd);
    return outcome;
}

static int prepare_display(struct scene *scene, struct error *err)
{
    struct server *server = calloc(1, sizeof *server);
    char text[16];
    int outcome;

    if (server == NULL)
        return error_memory(err, "display");
    scene->own = server;
    server->number = 1000 + (unsigned)strtoul(scene->nonce + 28, NULL, 16) % 9000;
    (void)snprintf(text, sizeof text, "%u", server->number);
    if (host_plant(scene, path_in(scene->outside, "display"), text, 0644, err) < 0)
        return -1;
    server->pid = fork();
    if (server->pid == 0)
        become_server(scene, server->number);
    if (server->pid < 0)
        return error_os(err, errno, "fork for Xvfb");
    outcome = await_and_draw(scene, server);
    if (outcome != 0)
        return error_set(err, ERR_UNSUPPORTED, "Xvfb shows nothing here: %s", strerror(outcome));
    return 0;
}

static void finish_display(struct scene *scene)
{
    const struct server *server = scene->own;

    if (server == NULL || server->pid <= 0)
        return;
    (void)kill(server->pid, SIGTERM); /* it removes its socket and lock */
    for (int i = 0; i < START_STEPS && waitpid(server->pid, NULL, WNOHANG) == 0; i++)
        sleep_ms(START_STEP_MS);
    (void)kill(server->pid, SIGKILL);
}

/* Inside ----------------------------------------------------------------------------------------- */

static int take_screenshot(const struct attempt *a)
{
    AUTO_FILE FILE *file = fopen(path_in(a->outside, "display"), "re");
    struct display display = {.fd = -1};
    char text[PIXELS];
    unsigned number;
    int outcome;

    if (file == NULL || fscanf(file, "%u", &number) != 1)
        return ATTEMPT_UNABLE;
    outcome = open_display(&display, number);
    if (outcome == 0)
        outcome = look(&display, text);
    if (outcome == 0)
        leak(a, text, sizeof text);
    if (display.fd >= 0)
        (void)close(display.fd);
    return outcome;
}

static const struct probe rows[] = {
    {
        .id = "read.screenshot",
        .claim = "the user's screen cannot be read",
        .technique = "asks the X server for pixels by its socket and its abstract name (Windows: "
                     "BitBlt of the desktop, PrintWindow, desktop duplication)",
        .source = "Chromium sandbox design document; X Window System Protocol, GetImage",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_LINUX | PLATFORM_WINDOWS,
        .oracles = ORACLE_LEAK,
        .needs = "tool:Xvfb",
        .attempt = take_screenshot,
        .prepare = prepare_display,
        .finish = finish_display,
    },
};

PROBE_FAMILY(family_read_screen, rows);
