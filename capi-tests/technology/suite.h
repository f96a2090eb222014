/* The conformance suite of the technologies: what an application may rely on, whatever carries its messages. Each behaviour is a
 * function that is run in a process of its own for each technology, and named with it when it fails. What only some
 * technologies promise, the others skip.
 */
#ifndef SUITE_H
#define SUITE_H

#include "../frame/frame.h"

/* What is tested: where it is heard, and where it is sent. */
struct technology {
    const char *name;
    /* The Interface that listens, and the one that sends; they can be the same. */
    uint32_t (*hears)(void);
    uint32_t (*speaks)(void);
    /* The configuration of the process, and of another process that shares the Interface; NULL: none can. %d is a port. */
    const char *configuration;
    const char *other_configuration;
    /* Names of namespace ip that it carries, with a place for a number from 1. */
    const char *ip;
    /* It knows groups by name: all groups of a namespace can be joined. */
    bool by_name;
    /* What is sent is there when send() returns; else a message takes a while. */
    bool at_once;
    /* TTL 0 keeps messages in the process; else on the host. */
    bool zero_is_process;
};

struct behaviour {
    const char *name;
    void (*run)(const struct technology *);
    /* More configuration. */
    const char *configuration;
    bool (*promised)(const struct technology *);
};

static char names[8][1200];
static unsigned named;

static const char *print_name(const char *format, int i)
{
    char *name = names[named++ % 8];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(name, sizeof names[0], format, i);
#pragma GCC diagnostic pop
    return name;
}

/* Each behaviour has another port, so that nothing of the one before is in the way. */
static int port = 7500;

static const char *print_configuration(const char *format, const char *more)
{
    static char text[8192];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(text, sizeof text, format, port, port);
#pragma GCC diagnostic pop
    strcat(text, more == NULL ? "" : more);
    return text;
}

/* A Group Name of namespace ip, raw where the technology has addresses; and one that travels in frames. */
static inline const char *ip(const struct technology *t, int i) { return print_name(t->ip, i); }
static inline const char *framed(int i) { return print_name("ham:opaque:conform-%d", i); }

/* What is true of names of both kinds. */
#define BOTH_KINDS 2
static inline const char *of_kind(const struct technology *t, int kind, int i) { return kind == 0 ? ip(t, i) : framed(i); }

static inline int socket_at(uint32_t interface)
{
    int s = -1;

    OK(createMSocket(&s, 1, &interface));
    return s;
}

static inline int hearer(const struct technology *t) { return socket_at(t->hears()); }
static inline int speaker(const struct technology *t) { return socket_at(t->speaks()); }

/* Without the family that an Interface id of technology ip can be for: so messages and events have it. */
static inline uint32_t device(uint32_t interface) { return interface < 0x10000000 ? interface & 0xffffff : interface; }

/* Nothing has come: at once where messages come at once. */
#define nothing(t, s) silent_at(s, (t)->at_once ? 10 : 100, __LINE__)

/* Until what `s` sends to the group is heard by `r`, which has just joined it: a joined group takes its time to be known
 * everywhere. Afterwards nothing waits there. */
#define linked(t, s, r, name) linked_at(t, s, r, name, __LINE__)
static inline void linked_at(const struct technology *t, int s, int r, const char *name, int line)
{
    int64_t end = now_ms() + 10000;
    int n, probe = 0, heard = -1;

    test_line = line;
    if (t->at_once)
        return;
    nonblocking(r, true);
    while (heard == -1 || heard < probe) {
        if (heard == -1) {
            probe++;
            (void)!send(s, name, sizeof probe, &probe);
        }
        readable(r, 20);
        while ((n = receive(r, name, sizeof heard, &heard)) == sizeof heard)
            ;
        CHECK(n == -1 && errno == EAGAIN);
        if (now_ms() > end) {
            fprintf(stderr, "line %d: %s is not heard\n", line, name);
            exit(1);
        }
    }
    nonblocking(r, false);
}

/* Drops what others' links have left. */
static inline void emptied(const struct technology *t, int r)
{
    if (t->at_once)
        return;
    while (readable(r, 100))
        CHECK(receive(r, NULL, sizeof test_buffer, test_buffer) >= 0);
}

/* What another process says: a byte for each step. */
struct other {
    pid_t pid;
    int to, from;
};

/* Starts another process, before this one has used the library; it runs `run` with its end of the pipes. */
static inline struct other another(const struct technology *t, void (*run)(const struct technology *, struct other))
{
    int to[2], from[2];
    struct other other;

    CHECK(pipe(to) == 0 && pipe(from) == 0);
    other.pid = fork();
    CHECK(other.pid >= 0);
    if (other.pid == 0) {
        begin(30);
        close(to[1]);
        close(from[0]);
        configuration(print_configuration(t->other_configuration, NULL));
        run(t, (struct other){0, from[1], to[0]});
        exit(0);
    }
    close(to[0]);
    close(from[1]);
    other.to = to[1];
    other.from = from[0];
    return other;
}

static inline void step(struct other other, char what) { CHECK(write(other.to, &what, 1) == 1); }

static inline char next_step(struct other other)
{
    char what = 0;

    CHECK(read(other.from, &what, 1) == 1);
    return what;
}

static inline struct ham_ifStatistics counted_at(int s, uint32_t interface)
{
    struct ham_ifStatistics stats;

    OK(ham_interfaceStatistics(s, interface, &stats));
    return stats;
}

/* groupSet's type of the group at the Interface, or -1. */
static inline int type_of(uint32_t interface, const char *name)
{
    GroupSet *groups = NULL;
    size_t n = 0;
    int type = -1;

    OK(groupSet(interface, &n, &groups));
    for (size_t i = 0; i < n; i++)
        if (strcmp(groups[i].group_uri, name) == 0) {
            CHECK(type == -1);
            type = groups[i].type;
        }
    free(groups);
    return type;
}

/* Runs the behaviours of the table whose names contain `part`, each in its own process; the number of those that failed. */
static inline int conform(const struct technology *t, const struct behaviour *table, size_t count, const char *part)
{
    int passed = 0, failed = 0, skipped = 0;

    for (size_t i = 0; i < count; i++) {
        const struct behaviour *b = &table[i];
        int64_t start = now_ms();
        int status = -1;
        pid_t child;

        if (part != NULL && strstr(b->name, part) == NULL)
            continue;
        if (b->promised != NULL && !b->promised(t)) {
            printf("skipped  %s: %s\n", t->name, b->name);
            skipped++;
            continue;
        }
        port++;
        child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            begin(30);
            configuration(print_configuration(t->configuration, b->configuration));
            b->run(t);
            exit(0);
        }
        CHECK(waitpid(child, &status, 0) == child);
        printf("%s %s: %s (%d ms)\n", status == 0 ? "passed  " : "FAILED  ", t->name, b->name, (int)(now_ms() - start));
        status == 0 ? passed++ : failed++;
    }
    printf("%s: %d passed, %d failed, %d not promised\n", t->name, passed, failed, skipped);
    return failed;
}

static inline bool has_others(const struct technology *t) { return t->other_configuration != NULL; }
static inline bool is_by_name(const struct technology *t) { return t->by_name; }
static inline bool is_one_interface(const struct technology *t) { return t->hears == t->speaks; }
static inline bool is_one_by_name(const struct technology *t) { return t->hears == t->speaks && t->by_name; }
static inline bool is_at_once(const struct technology *t) { return t->at_once; }
static inline bool is_at_once_by_name(const struct technology *t) { return t->at_once && t->by_name; }

#endif
