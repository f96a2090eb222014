/*
 * A libham program that wants membership events, for the benchmark. It obeys lines, as role.c does:
 *
 *   when EVENT NAME    waits until "join" or "leave" of that Group Name at the device is called back; answers when that was
 *   cpu                answers the CPU nanoseconds of all threads so far
 *
 * Times are nanoseconds of CLOCK_REALTIME, as the kernel stamps packets.
 */
#define _GNU_SOURCE
#include <ham.h>

#include <errno.h>
#include <net/if.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MOST 65536
#define NAME_SIZE 40

struct event {
    int type;
    long long at;
    char name[NAME_SIZE];
};

static struct event events[MOST];
static unsigned count;
static uint32_t device;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;

static void fail(const char *what) {
    fprintf(stderr, "bench: watcher: %s: %s\n", what, strerror(errno));
    exit(1);
}

static long long now(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void on_event(int type, uint32_t iface, const char *name) {
    long long at = now(CLOCK_REALTIME);
    if (iface != device || strlen(name) >= NAME_SIZE)
        return;
    pthread_mutex_lock(&lock);
    events[count % MOST].type = type;
    events[count % MOST].at = at;
    strcpy(events[count++ % MOST].name, name);
    pthread_cond_signal(&more);
    pthread_mutex_unlock(&lock);
}

/* From `next` on, which moves behind it. */
static long long when(int type, const char *name) {
    static unsigned next;
    struct timespec limit;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += 10;
    pthread_mutex_lock(&lock);
    for (;;) {
        for (; next != count; next++) {
            struct event *event = &events[next % MOST];
            if (event->type == type && strcmp(event->name, name) == 0) {
                pthread_mutex_unlock(&lock);
                return event->at;
            }
        }
        errno = pthread_cond_timedwait(&more, &lock, &limit);
        if (errno != 0)
            fail(name);
    }
}

int main(int argc, char **argv) {
    char line[128], event[8], name[NAME_SIZE];
    if (argc != 2 || (device = if_nametoindex(argv[1])) == 0)
        fail("device");
    if (registerEventCallback(on_event) != 0 || enableEvents() != 0)
        fail("enableEvents");
    setvbuf(stdout, NULL, _IOLBF, 0);
    puts("ok");
    while (fgets(line, sizeof line, stdin)) {
        if (sscanf(line, "when %7s %39s", event, name) == 2)
            printf("ok %lld\n", when(strcmp(event, "join") == 0 ? HAM_JOIN_EVENT : HAM_LEAVE_EVENT, name));
        else if (strcmp(line, "cpu\n") == 0)
            printf("ok %lld\n", now(CLOCK_PROCESS_CPUTIME_ID));
        else {
            errno = EINVAL;
            fail(line);
        }
    }
    return 0;
}
