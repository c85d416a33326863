/*
 * Rows of area ipc that are not sockets: System V and POSIX objects of a
 * process outside, and programs that the host lets run with more rights.
 */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "conformance/probe.h"
#include "conformance/probes/host.h"
#include "conformance/probes/host_watch.h"
#include "conformance/probes/net_tools.h"

enum {
    SEGMENT_SIZE = 4096,
    MESSAGE_SIZE = 128,
    HELPER_PATIENCE_MS = 1000
};

/* System V and POSIX IPC ---------------------------------------------------------------------- */

struct queued {
    long type;
    char text[MESSAGE_SIZE];
};

/* semctl(2): the caller has to define it. */
union semaphore_argument {
    int value;
    struct semid_ds *status;
};

static key_t key_of_run(const char *nonce)
{
    return (key_t)(0x48000000U | (ntohl(address_of_run(nonce).s_addr) & 0xffffffU));
}

static void queue_of_run(char *name, size_t size, const char *nonce)
{
    (void)snprintf(name, size, "/hf-%s", nonce);
}

/* Objects as a program of the identity would have made them: mode 0600. */
static int make_objects(struct scene *scene, struct error *err)
{
    const key_t key = key_of_run(scene->nonce);
    const int segment = shmget(key, SEGMENT_SIZE, IPC_CREAT | IPC_EXCL | 0600);
    const int queue = msgget(key, IPC_CREAT | IPC_EXCL | 0600);
    const int semaphore = semget(key, 1, IPC_CREAT | IPC_EXCL | 0600);
    struct shmid_ds of_segment = {0};
    struct msqid_ds of_queue = {0};
    struct semid_ds of_semaphore = {0};
    const union semaphore_argument argument = {.status = &of_semaphore};

    if (segment < 0 || queue < 0 || semaphore < 0)
        return error_os(err, errno, "make System V objects");
    if (msgctl(queue, IPC_STAT, &of_queue) < 0)
        return error_os(err, errno, "look at the message queue");
    of_segment.shm_perm.uid = of_queue.msg_perm.uid = of_semaphore.sem_perm.uid = scene->uid;
    of_segment.shm_perm.gid = of_queue.msg_perm.gid = of_semaphore.sem_perm.gid = scene->gid;
    of_segment.shm_perm.mode = of_queue.msg_perm.mode = of_semaphore.sem_perm.mode = 0600;
    if (shmctl(segment, IPC_SET, &of_segment) < 0 || msgctl(queue, IPC_SET, &of_queue) < 0 ||
        semctl(semaphore, 0, IPC_SET, argument) < 0)
        return error_os(err, errno, "give System V objects to the identity of the run");
    return 0;
}

static int make_posix_queue(const struct scene *scene, struct error *err)
{
    struct mq_attr shape = {.mq_maxmsg = 4, .mq_msgsize = MESSAGE_SIZE};
    char name[64];
    mqd_t queue;

    queue_of_run(name, sizeof name, scene->nonce);
    queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK | O_CLOEXEC, 0600, &shape);
    if (queue < 0 && errno == ENOSYS)
        return 0; /* a kernel without POSIX queues: the System V objects remain */
    if (queue < 0)
        return error_os(err, errno, "make POSIX queue %s", name);
    if (fchown(queue, scene->uid, scene->gid) < 0 && errno != EPERM) {
        (void)mq_close(queue);
        return error_os(err, errno, "give POSIX queue to the identity of the run");
    }
    (void)mq_close(queue);
    return 0;
}

static int make_victim_objects(struct scene *scene, struct error *err)
{
    return make_objects(scene, err) < 0 ? -1 : make_posix_queue(scene, err);
}

static void remove_victim_objects(struct scene *scene)
{
    const key_t key = key_of_run(scene->nonce);
    const int segment = shmget(key, 0, 0), queue = msgget(key, 0), semaphore = semget(key, 0, 0);
    char name[64];

    if (segment >= 0)
        (void)shmctl(segment, IPC_RMID, NULL);
    if (queue >= 0)
        (void)msgctl(queue, IPC_RMID, NULL);
    if (semaphore >= 0)
        (void)semctl(semaphore, 0, IPC_RMID);
    queue_of_run(name, sizeof name, scene->nonce);
    (void)mq_unlink(name);
}

static int write_segment(const struct attempt *a)
{
    const int segment = shmget(key_of_run(a->nonce), 0, 0);
    char *memory = segment < 0 ? (char *)-1 : shmat(segment, NULL, 0);

    if (memory == (char *)-1)
        return errno;
    memcpy(memory, a->nonce, strlen(a->nonce));
    return outcome_of(shmdt(memory));
}

static int write_queue(const struct attempt *a)
{
    const int queue = msgget(key_of_run(a->nonce), 0);
    struct queued message = {.type = 1};

    if (queue < 0)
        return errno;
    (void)snprintf(message.text, sizeof message.text, "%s", a->nonce);
    return outcome_of(msgsnd(queue, &message, sizeof message.text, IPC_NOWAIT));
}

static int set_semaphore(const struct attempt *a)
{
    const int semaphore = semget(key_of_run(a->nonce), 0, 0);
    const union semaphore_argument argument = {.value = 42};

    return semaphore < 0 ? errno : outcome_of(semctl(semaphore, 0, SETVAL, argument));
}

static int write_posix_queue(const struct attempt *a)
{
    char name[64];
    mqd_t queue;
    int outcome;

    queue_of_run(name, sizeof name, a->nonce);
    queue = mq_open(name, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (queue < 0)
        return errno;
    outcome = outcome_of(mq_send(queue, a->nonce, strlen(a->nonce), 0));
    (void)mq_close(queue);
    return outcome;
}

static int shm_victim(const struct attempt *a)
{
    int outcome = outcome_join(write_segment(a), write_queue(a));

    outcome = outcome_join(outcome, set_semaphore(a));
    return outcome_join(outcome, write_posix_queue(a));
}

static void look_at_segment(const struct scene *scene, struct observation *seen)
{
    const int segment = shmget(key_of_run(scene->nonce), 0, 0);
    const char *memory = segment < 0 ? (const char *)-1 : shmat(segment, NULL, SHM_RDONLY);

    if (memory == (const char *)-1)
        return;
    if (memcmp(memory, scene->nonce, strlen(scene->nonce)) == 0)
        observation_fire(seen, "System V shared memory was written");
    (void)shmdt(memory);
}

static void look_at_queues(const struct scene *scene, struct observation *seen)
{
    const int queue = msgget(key_of_run(scene->nonce), 0);
    const int semaphore = semget(key_of_run(scene->nonce), 0, 0);
    struct queued message;
    char name[64], bytes[MESSAGE_SIZE];
    mqd_t posix;

    if (queue >= 0 && msgrcv(queue, &message, sizeof message.text, 0, IPC_NOWAIT) > 0)
        observation_fire(seen, "a message came through the System V queue");
    if (semaphore >= 0 && semctl(semaphore, 0, GETVAL) == 42)
        observation_fire(seen, "the System V semaphore was set");
    queue_of_run(name, sizeof name, scene->nonce);
    posix = mq_open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (posix < 0)
        return;
    if (mq_receive(posix, bytes, sizeof bytes, NULL) > 0)
        observation_fire(seen, "a message came through the POSIX queue");
    (void)mq_close(posix);
}

static int observe_objects(const struct scene *scene, struct observation *seen, struct error *err)
{
    (void)err;
    look_at_segment(scene, seen);
    look_at_queues(scene, seen);
    return 0;
}

/* Setuid programs ---------------------------------------------------------------------------- */

/* Effective uid 0 with the run's real uid: what only a setuid program makes. */
static bool is_risen(const char *pid, const struct scene *scene)
{
    char bytes[8192];
    unsigned real, effective;
    const char *uids;

    (void)proc_read(pid, "status", bytes, sizeof bytes);
    uids = strstr(bytes, "\nUid:");
    return uids != NULL && sscanf(uids, "\nUid: %u %u", &real, &effective) == 2 &&
           real == scene->uid && effective == 0;
}

static int watch_setuid(struct scene *scene, struct error *err)
{
    return host_watch(scene, is_risen, 1, "the watcher of effective uid 0", err);
}

/* su asks for a password on its standard input and is ended before it gets one. */
static int run_su(const struct attempt *a)
{
    int ends[2];
    pid_t child;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return errno;
    child = fork();
    if (child == 0) {
        const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

        (void)dup2(ends[0], STDIN_FILENO);
        (void)dup2(null, STDOUT_FILENO);
        (void)dup2(null, STDERR_FILENO);
        (void)execlp("su", "su", "-c", a->nonce, "root", (char *)NULL);
        _exit(127);
    }
    sleep_ms(HELPER_PATIENCE_MS);
    (void)kill(child, SIGKILL);
    (void)wait_for(child);
    (void)close(ends[0]);
    (void)close(ends[1]);
    return 0;
}

static const struct probe rows[] = {
    {
        .id = "ipc.shm-victim",
        .claim = "System V and POSIX objects of a process outside cannot be written",
        .technique = "shmat, msgsnd, semctl(SETVAL) and mq_send on objects of the same user, mode "
                     "0600",
        .source = "sysvipc(7), mq_overview(7); measured: Landlock does not mediate System V IPC",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CUSTOM,
        .attempt = shm_victim,
        .prepare = make_victim_objects,
        .observe = observe_objects,
        .finish = remove_victim_objects,
    },
    {
        .id = "ipc.polkit-pkexec",
        .claim = "no setuid program gives the command more rights than it has",
        .technique = "start su and wait at its prompt; the harness looks for effective uid 0 in "
                     "/proc",
        .source = "PR_SET_NO_NEW_PRIVS(2const), execve(2); containers/bubblewrap README#24",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CUSTOM,
        .needs = "user,tool:su",
        .attempt = run_su,
        .prepare = watch_setuid,
        .observe = host_observe,
        .finish = host_finish,
    },
};

PROBE_FAMILY(family_ipc_system, rows);
