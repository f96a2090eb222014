/* What every C test uses: checks, a watchdog, and short words for messages. It includes ham.h before anything else, so `send` is
 * libham's in the whole program. With TEST_HAMX the same test runs against libhamx: sanitizers have a `send` of their own. */
#ifndef TEST_H
#define TEST_H

#ifdef TEST_HAMX
#include "bsd.h"
#include "hamx-names.h"
#else
#include <ham.h>

#include "bsd.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What has to come comes within this time, in milliseconds: the machine may have much else to do. */
#define PATIENCE 20000

/* Where the test is, for the watchdog. */
static _Atomic int test_line;

static inline void test_failed(const char *file, int line, const char *what, int error)
{
    fprintf(stderr, "%s:%d: %s (errno %d, %s)\n", file, line, what, error, strerror(error));
    exit(1);
}

/* The condition holds. */
#define CHECK(condition)                                                                                                   \
    do {                                                                                                                   \
        test_line = __LINE__;                                                                                              \
        if (!(condition))                                                                                                  \
            test_failed(__FILE__, __LINE__, "not so: " #condition, errno);                                                 \
    } while (0)

/* The call returns 0 and leaves errno as it was. */
#define OK(call)                                                                                                           \
    do {                                                                                                                   \
        test_line = __LINE__;                                                                                              \
        errno = 4711;                                                                                                      \
        if ((call) != 0)                                                                                                   \
            test_failed(__FILE__, __LINE__, "failed: " #call, errno);                                                      \
        if (errno != 4711)                                                                                                 \
            test_failed(__FILE__, __LINE__, "changed errno on success: " #call, errno);                                    \
    } while (0)

/* The call returns -1 with this errno. */
#define FAILS(call, error)                                                                                                 \
    do {                                                                                                                   \
        test_line = __LINE__;                                                                                              \
        errno = 0;                                                                                                         \
        if ((call) != -1)                                                                                                  \
            test_failed(__FILE__, __LINE__, "is not -1: " #call, errno);                                                   \
        if (errno != (error))                                                                                              \
            test_failed(__FILE__, __LINE__, "errno is not " #error ": " #call, errno);                                     \
    } while (0)

static void test_stuck(int signal)
{
    (void)signal;
    fprintf(stderr, "stuck at line %d\n", test_line);
    _exit(1);
}

/* Ends a test that hangs. Call it first; again in a forked child. */
static inline void begin(unsigned seconds)
{
    /* Everything takes longer on a busy machine, and under valgrind and its kind. */
    const char *slow = getenv("HAM_SLOW");

    signal(SIGALRM, test_stuck);
    alarm(slow == NULL ? seconds : seconds * (unsigned)atoi(slow));
    setvbuf(stdout, NULL, _IOLBF, 0);
}

static inline int skip(const char *why)
{
    printf("%s\n", why);
    exit(77);
}

static inline void pause_ms(int milliseconds)
{
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
    nanosleep(&time, NULL);
}

static inline int64_t now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static inline uint32_t index_of(const char *ifname)
{
    uint32_t index = if_nametoindex(ifname);
    CHECK(index != 0);
    return index;
}

/* A multicast socket on the one Interface. */
static inline int socket_on(const char *ifname)
{
    uint32_t interface = index_of(ifname);
    int s = -1;
    OK(createMSocket(&s, 1, &interface));
    CHECK(s >= 0);
    return s;
}

static inline void nonblocking(int s, bool on)
{
    int flags = fcntl(s, F_GETFL);
    CHECK(flags != -1);
    CHECK(fcntl(s, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK) == 0);
}

/* poll() finds it readable within the time. */
static inline bool readable(int s, int milliseconds)
{
    struct pollfd fd = {s, POLLIN, 0};
    int n = poll(&fd, 1, milliseconds);
    CHECK(n != -1);
    CHECK((fd.revents & (POLLERR | POLLNVAL)) == 0);
    return n == 1;
}

static inline void say(int s, const char *name, const char *text)
{
    OK(send(s, name, strlen(text), text));
}

static _Thread_local char test_buffer[65536];

/* The next message (of the group, if one is named) is this. */
#define expect(s, name, text) expect_at(s, name, text, __LINE__)
static inline void expect_at(int s, const char *name, const char *text, int line)
{
    int n;

    test_line = line;
    if (!readable(s, PATIENCE)) {
        fprintf(stderr, "line %d: no message, wanted \"%s\"\n", line, text);
        exit(1);
    }
    errno = 4711;
    n = receive(s, name, sizeof test_buffer, test_buffer);
    if (n != (int)strlen(text) || memcmp(test_buffer, text, strlen(text)) != 0) {
        fprintf(stderr, "line %d: received %d bytes \"%.*s\" (%s), wanted \"%s\"\n", line, n, n < 0 ? 0 : n, test_buffer,
                strerror(errno), text);
        exit(1);
    }
    CHECK(errno == 4711);
}

/* No message comes within the time. */
#define silent(s, milliseconds) silent_at(s, milliseconds, __LINE__)
static inline void silent_at(int s, int milliseconds, int line)
{
    int64_t end = now_ms() + milliseconds, left;
    int n;

    test_line = line;
    nonblocking(s, true);
    do {
        errno = 0;
        n = receive(s, NULL, sizeof test_buffer, test_buffer);
        if (n != -1 || errno != EAGAIN) {
            fprintf(stderr, "line %d: received %d bytes \"%.*s\" (%s), wanted silence\n", line, n, n < 0 ? 0 : n, test_buffer,
                    strerror(errno));
            exit(1);
        }
        left = end - now_ms();
    } while (left > 0 && (readable(s, (int)left) || now_ms() < end));
    nonblocking(s, false);
}

/* What a BSD receiver hears next. */
#define bsd_expect(fd, text) bsd_expect_at(fd, text, __LINE__)
static inline void bsd_expect_at(int fd, const char *text, int line)
{
    ssize_t n = recv(fd, test_buffer, sizeof test_buffer, 0);

    if (n != (ssize_t)strlen(text) || memcmp(test_buffer, text, strlen(text)) != 0) {
        fprintf(stderr, "line %d: the BSD receiver got %d bytes \"%.*s\", wanted \"%s\"\n", line, (int)n, n < 0 ? 0 : (int)n,
                test_buffer, text);
        exit(1);
    }
}

/* Runs the rest of the process in another network namespace of the sandbox. */
static inline void enter(const char *host)
{
    char path[128];
    int fd;

    snprintf(path, sizeof path, "/run/netns/%s", host);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    CHECK(fd >= 0);
    CHECK(setns(fd, CLONE_NEWNET) == 0);
    close(fd);
}

/* By a pipe a child tells its parent, or the other way round, that it is ready. */
static inline void tell_ready(const int *way)
{
    CHECK(write(way[1], "r", 1) == 1);
}

static inline void wait_ready(const int *way)
{
    char byte;
    CHECK(read(way[0], &byte, 1) == 1);
}

/* Waits until the process, which has one thread, sleeps in a system call. */
static inline void wait_asleep(pid_t process)
{
    int64_t end = now_ms() + PATIENCE;
    char path[64], text[512], state = 0;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)process);
    do {
        FILE *file = fopen(path, "r");
        CHECK(file != NULL && fgets(text, sizeof text, file) != NULL && strrchr(text, ')') != NULL);
        state = strrchr(text, ')')[2];
        fclose(file);
        if (state != 'S')
            pause_ms(1);
    } while (state != 'S' && now_ms() < end);
    CHECK(state == 'S');
}

/* Sends SIGUSR1 to the process when it sleeps; again after a second if the pipe does not say that it was heard: receive() does not
 * hear one that comes in the instant in which it turns from a short sleep to a long one. */
static inline void interrupt(pid_t process, const int *heard)
{
    struct pollfd over = {heard[0], POLLIN, 0};

    for (;;) {
        wait_asleep(process);
        if (poll(&over, 1, 0) == 1)
            return;
        CHECK(kill(process, SIGUSR1) == 0);
        if (poll(&over, 1, 1000) == 1)
            return;
    }
}

/* Runs a command of the shell; it must succeed. */
static inline void run(const char *format, ...)
{
    char command[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    if (system(command) != 0) {
        fprintf(stderr, "this command fails: %s\n", command);
        exit(1);
    }
}

/* The child's status is 0. */
static inline void finished(pid_t child)
{
    int status = -1;

    CHECK(child > 0);
    CHECK(waitpid(child, &status, 0) == child);
    if (status != 0) {
        fprintf(stderr, "the child ended with status %#x\n", (unsigned)status);
        exit(1);
    }
}

static inline int open_descriptors(void)
{
    int n = 0;
    for (int fd = 0; fd < 20000; fd++)
        n += fcntl(fd, F_GETFD) != -1;
    return n;
}

#endif
