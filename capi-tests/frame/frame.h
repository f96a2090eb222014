/* What the C tests of framed groups share: libhamx by the names of the RFC, a configuration, and frames as a BSD socket sees
 * them. */
#ifndef FRAME_H
#define FRAME_H

#ifndef TEST_HAMX
#define TEST_HAMX
#endif
#include "test.h"

#define FRAGMENT 1
#define BUNDLE 2
#define SEALED 4
#define HEADER 44
#define FRAGMENT_HEADER 56
#define SEAL 16

/* The configuration of this process; before its first createMSocket. */
static inline void configuration(const char *text)
{
    char path[64];
    FILE *file;

    snprintf(path, sizeof path, "ham-%d.toml", (int)getpid());
    file = fopen(path, "w");
    CHECK(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
    CHECK(setenv("HAM_CONFIG", path, 1) == 0);
}

static inline struct ham_statistics counted(int s)
{
    struct ham_statistics stats;
    OK(ham_statistics(s, &stats));
    return stats;
}

/* Waits until a counter has this value. */
#define COUNTS(s, counter, value)                                                                                          \
    do {                                                                                                                   \
        int64_t end_ = now_ms() + PATIENCE;                                                                                    \
        while (counted(s).counter != (uint64_t)(value) && now_ms() < end_)                                                 \
            drain(s);                                                                                                      \
        if (counted(s).counter != (uint64_t)(value)) {                                                                     \
            fprintf(stderr, "%s is %llu\n", #counter, (unsigned long long)counted(s).counter);                             \
            CHECK(counted(s).counter == (uint64_t)(value));                                                                \
        }                                                                                                                  \
    } while (0)

/* What waits in the kernel is read and counted when the application asks; here none of it may be a message. */
static inline void drain(int s)
{
    silent(s, 10);
}

/* As expect(), with the Group Name that it came for. */
#define expect_as(s, text, name) expect_as_at(s, text, name, __LINE__)
static inline void expect_as_at(int s, const char *text, const char *name, int line)
{
    struct ham_message info;
    int n;

    if (!readable(s, PATIENCE)) {
        fprintf(stderr, "line %d: no message, wanted \"%s\"\n", line, text);
        exit(1);
    }
    n = ham_receive_from(s, NULL, sizeof test_buffer, test_buffer, &info);
    if (n != (int)strlen(text) || memcmp(test_buffer, text, strlen(text)) != 0 || strcmp(info.group_uri, name) != 0) {
        fprintf(stderr, "line %d: received %d bytes \"%.*s\" as %s (%s), wanted \"%s\" as %s\n", line, n, n < 0 ? 0 : n, test_buffer,
                n < 0 ? "" : info.group_uri, n < 0 ? strerror(errno) : "", text, name);
        exit(1);
    }
    CHECK(info.iface != 0 && strchr(info.from, ':') != NULL);
}

/* The next datagram of a BSD socket, within its time; its length, or 0 when none comes. */
static inline size_t next_frame(int fd, uint8_t *frame, size_t room)
{
    ssize_t n = recv(fd, frame, room, 0);
    return n < 0 ? 0 : (size_t)n;
}

/* `n` bytes that depend on `seed`. */
static inline void fill(uint8_t *message, size_t n, unsigned seed)
{
    for (size_t i = 0; i < n; i++)
        message[i] = (uint8_t)(seed + i * 7 + (i >> 8));
}

static inline bool filled(const uint8_t *message, size_t n, unsigned seed)
{
    for (size_t i = 0; i < n; i++)
        if (message[i] != (uint8_t)(seed + i * 7 + (i >> 8)))
            return false;
    return true;
}

#endif
