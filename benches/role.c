/*
 * One process of the benchmark: a sender, a receiver, or both ends of a ping-pong. It obeys the lines on its standard input, each
 * answered by one line "ok NUMBERS" on its standard output:
 *
 *   send WARM COUNT STRIDE     send WARM + COUNT messages, the groups taken STRIDE apart; answers the nanoseconds of the last COUNT
 *   flood MILLISECONDS         send to the first group as fast as it goes; answers the count and the CPU nanoseconds
 *   drain COUNT                receive COUNT messages; answers their nanoseconds
 *   collect                    receive until told to "end" and then nothing comes for a while; answers the count, of the time between
 *                              two messages near the first and the last: the messages and the nanoseconds, and the CPU nanoseconds
 *   ping COUNT REPLIES         send, await REPLIES answers, COUNT times; answers the median, the 99th percentile and the mean
 *   pong COUNT                 answer COUNT messages
 *
 * A role that is still busy after its time limit says what it waits for and ends.
 */
#define _GNU_SOURCE
#include "transport.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define TICK_MS 10      /* of a collector that waits: how often it looks whether it may end */
#define SILENT_TICKS 4  /* so long nothing must have come */
#define STAMP_EVERY 16  /* messages for one look at the clock, so that the clock's own cost does not show */
#define MAX_NUMBER (1u << 26) /* of a message; some minutes of a flood */

static const char *role = "role";
static char command[128] = "start";
static volatile sig_atomic_t messages_done;
static volatile sig_atomic_t ticks, last_tick;
static unsigned time_limit = 30;
static size_t message_size = 64;
static unsigned char out[MAX_MESSAGE], in[MAX_MESSAGE + 1];

void fail(const char *what) {
    fprintf(stderr, "bench: %s: %s: %s (in \"%s\", after %d messages)\n", role, what, strerror(errno), command,
            (int)messages_done);
    exit(1);
}

static void too_late(int signal_number) {
    char text[512] = "bench: ";
    (void)signal_number;
    strncat(text, role, 100);
    strcat(text, messages_done ? ": time limit, after some messages, in \"" : ": time limit, before any message, in \"");
    strcat(text, command);
    strcat(text, "\"\n");
    _exit(write(STDERR_FILENO, text, strlen(text)) < 0 ? 3 : 2);
}

static void tick(int signal_number) {
    if (++ticks > last_tick)
        too_late(signal_number);
}

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Of all threads of this process, in user space and in the kernel. */
static uint64_t cpu_time(void) {
    struct rusage used;
    if (getrusage(RUSAGE_SELF, &used) != 0)
        fail("getrusage");
    return (uint64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000000u +
           (uint64_t)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1000u;
}

void group_address(const struct group_range *range, unsigned nth, unsigned char address[16]) {
    unsigned char *low = address + (range->family == AF_INET ? 0 : 12);
    uint32_t value;
    memcpy(address, range->first, 16);
    memcpy(&value, low, 4);
    value = htonl(ntohl(value) + nth);
    memcpy(low, &value, 4);
}

/* ADDRESS,PORT,COUNT */
static struct group_range parse_range(const char *text) {
    struct group_range range = {0};
    char address[64];
    unsigned port;
    if (sscanf(text, "%63[^,],%u,%u", address, &port, &range.count) != 3 || port == 0 || port > 65535 || range.count == 0) {
        errno = EINVAL;
        fail(text);
    }
    range.port = (unsigned short)port;
    range.family = strchr(address, ':') ? AF_INET6 : AF_INET;
    if (inet_pton(range.family, address, range.first) != 1)
        fail(address);
    return range;
}

static void expect_message(uint64_t sequence, int check_sequence) {
    uint64_t got;
    long length = transport_receive(in, sizeof in);
    memcpy(&got, in, sizeof got);
    if (length != (long)message_size || (check_sequence && got != sequence)) {
        fprintf(stderr, "bench: %s: a foreign message: %ld bytes, number %llu, expected %zu bytes, number %llu\n", role,
                length, (unsigned long long)got, message_size, (unsigned long long)sequence);
        exit(1);
    }
}

static void send_message(unsigned group, const void *message) {
    if (transport_send(group, message, message_size) != 0)
        fail("send");
}

/* Numbered at both ends, so that a collector knows a message that is not whole, or comes twice. */
static int send_numbered(unsigned group) {
    static uint64_t sequence;
    sequence++;
    memcpy(out, &sequence, sizeof sequence);
    memcpy(out + message_size - sizeof sequence, &sequence, sizeof sequence);
    messages_done++;
    return transport_send(group, out, message_size);
}

static uint64_t run_send(unsigned warm, unsigned count, unsigned stride, unsigned groups) {
    static unsigned group; /* goes on where the last command ended, so that in time every group has its turn */
    uint64_t start = 0;
    for (unsigned i = 0; i < warm + count; i++) {
        if (i == warm)
            start = now();
        if (send_numbered(group) != 0)
            fail("send");
        group = (group + stride) % groups;
    }
    return now() - start;
}

static void run_flood(unsigned milliseconds) {
    uint64_t cpu = cpu_time(), end = now() + milliseconds * 1000000ull;
    do
        for (unsigned i = 0; i < STAMP_EVERY; i++)
            (void)send_numbered(0); /* one that is lost here has been sent, and does not arrive */
    while (now() < end);
    printf("ok %d %llu\n", (int)messages_done, (unsigned long long)(cpu_time() - cpu));
}

/* The RFC's receive has no time limit: a signal ends the wait that nothing else ends. */
static void start_ticks(void) {
    struct sigaction action = {.sa_handler = tick}; /* without SA_RESTART */
    struct itimerval every = {{0, TICK_MS * 1000}, {0, TICK_MS * 1000}};
    ticks = 0;
    last_tick = (sig_atomic_t)(time_limit * 1000 / TICK_MS);
    if (sigaction(SIGALRM, &action, NULL) != 0 || setitimer(ITIMER_REAL, &every, NULL) != 0)
        fail("setitimer");
}

/* Whole, and for the first time. The order may change: of the copies on two Interfaces one may be lost. */
static void check_numbered(long length) {
    static unsigned char seen[MAX_NUMBER / 8];
    uint64_t begin, end;
    memcpy(&begin, in, sizeof begin);
    memcpy(&end, in + message_size - sizeof end, sizeof end);
    if (length != (long)message_size || begin != end || begin >= MAX_NUMBER || (seen[begin / 8] & 1u << begin % 8)) {
        fprintf(stderr, "bench: %s: a foreign message, or one that came before: %ld bytes, numbers %llu and %llu\n", role, length,
                (unsigned long long)begin, (unsigned long long)end);
        exit(1);
    }
    seen[begin / 8] |= (unsigned char)(1u << begin % 8);
}

static int told_to_end(void) {
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    char line[16];
    return poll(&input, 1, 0) == 1 && (!fgets(line, sizeof line, stdin) || strcmp(line, "end\n") == 0);
}

static void run_collect(void) {
    uint64_t cpu = cpu_time(), first = 0, last = 0;
    unsigned count = 0, between = 0;
    sig_atomic_t heard = 0;
    int ending = 0;
    start_ticks();
    for (;;) {
        long length = transport_receive(in, sizeof in);
        if (length < 0) {
            if (ending && ticks - heard >= SILENT_TICKS)
                break;
            if (!ending && told_to_end()) {
                ending = 1;
                heard = ticks;
            }
            continue;
        }
        heard = ticks;
        check_numbered(length);
        if (count % STAMP_EVERY == 0) {
            last = now();
            between = count;
            if (count == 0)
                first = last;
        }
        count++;
        messages_done++;
    }
    printf("ok %u %u %llu %llu\n", count, between, (unsigned long long)(last - first),
           (unsigned long long)(cpu_time() - cpu));
}

static uint64_t run_drain(unsigned count) {
    uint64_t start = now();
    for (unsigned i = 0; i < count; i++) {
        expect_message(0, 0);
        messages_done++;
    }
    return now() - start;
}

static int by_value(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void run_ping(unsigned count, unsigned replies) {
    static uint64_t sequence;
    uint64_t *rounds = calloc(count, sizeof *rounds), start = now(), first = start;
    if (!rounds || count == 0)
        fail("ping");
    for (unsigned i = 0; i < count; i++) {
        uint64_t end;
        sequence++;
        memcpy(out, &sequence, sizeof sequence);
        send_message(0, out);
        for (unsigned k = 0; k < replies; k++)
            expect_message(sequence, 1);
        end = now();
        rounds[i] = end - start;
        start = end;
        messages_done++;
    }
    qsort(rounds, count, sizeof *rounds, by_value);
    printf("ok %llu %llu %llu\n", (unsigned long long)rounds[count / 2],
           (unsigned long long)rounds[count - 1 - count / 100], (unsigned long long)((start - first) / count));
    free(rounds);
}

static void run_pong(unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        expect_message(0, 0);
        send_message(0, in);
        messages_done++;
    }
}

static void start_time_limit(void) {
    signal(SIGALRM, too_late);
    alarm(time_limit);
}

static void obey(const struct settings *settings) {
    unsigned a, b, c;
    if (sscanf(command, "send %u %u %u", &a, &b, &c) == 3)
        printf("ok %llu\n", (unsigned long long)run_send(a, b, c, settings->send.count));
    else if (sscanf(command, "flood %u", &a) == 1)
        run_flood(a);
    else if (sscanf(command, "drain %u", &a) == 1)
        printf("ok %llu\n", (unsigned long long)run_drain(a));
    else if (strcmp(command, "collect") == 0)
        run_collect();
    else if (sscanf(command, "ping %u %u", &a, &b) == 2)
        run_ping(a, b);
    else if (sscanf(command, "pong %u", &a) == 1) {
        run_pong(a);
        printf("ok\n");
    } else {
        errno = EINVAL;
        fail(command);
    }
}

static void pin(const char *text) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((unsigned)atoi(text), &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0)
        fail("sched_setaffinity");
}

int main(int argc, char **argv) {
    struct settings settings = {.credentials = "", .receive_buffer = 8388608, .send_buffer = 1048576};
    struct rlimit files;
    int option;
    while ((option = getopt(argc, argv, "n:d:s:r:g:k:4wz:c:t:b:px")) != -1) {
        switch (option) {
        case 'n': role = optarg; break;
        case 'd':
            if (settings.num_devices == MAX_DEVICES)
                fail("too many devices");
            /* A name, or the number of an Interface that has no device. */
            if ((settings.devices[settings.num_devices] = if_nametoindex(optarg)) == 0 &&
                (settings.devices[settings.num_devices] = (unsigned)strtoul(optarg, NULL, 0)) == 0)
                fail(optarg);
            settings.num_devices++;
            break;
        case 's': settings.send = parse_range(optarg); break;
        case 'r': settings.receive = parse_range(optarg); break;
        case 'g': settings.name = optarg; break;
        case 'k': settings.credentials = optarg; break;
        case '4': settings.ipv4_only = 1; break;
        case 'w': settings.watching = 1; break;
        case 'z': message_size = strtoul(optarg, NULL, 10); break;
        case 'c': pin(optarg); break;
        case 't': time_limit = (unsigned)atoi(optarg); break;
        case 'b': settings.receive_buffer = atoi(optarg); break;
        case 'p': settings.poll = 1; break;
        case 'x': settings.spin = 1; break;
        default: return 1;
        }
    }
    if (message_size < 16 || message_size > MAX_MESSAGE)
        fail("message size");
    start_time_limit();

    /* The usual soft limit, whatever the caller's shell has. */
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur > 1024) {
        files.rlim_cur = 1024;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    memset(out, 'h', sizeof out);
    setvbuf(stdout, NULL, _IOLBF, 0);
    setvbuf(stdin, NULL, _IONBF, 0); /* so that poll() sees whether there is a line */
    {
        uint64_t start = now();
        transport_open(&settings);
        printf("ok %d %llu\n", transport_receive_buffer(), (unsigned long long)(now() - start));
    }
    alarm(0);
    while (fgets(command, sizeof command, stdin)) {
        command[strcspn(command, "\n")] = 0;
        messages_done = 0;
        start_time_limit();
        obey(&settings);
        alarm(0);
    }
    return 0;
}
