/* Behaviours: waiting for messages, by receive(), by poll() and in several threads. */
#ifndef WAITING_H
#define WAITING_H

#include "suite.h"

static void says_eagain(const struct technology *t)
{
    int s = speaker(t), r = hearer(t);

    nonblocking(r, true);
    nonblocking(s, true);
    FAILS(receive(r, NULL, 1, test_buffer), EAGAIN);
    for (int kind = 0; kind < BOTH_KINDS; kind++) {
        const char *name = of_kind(t, kind, 1);

        OK(join(r, name));
        FAILS(receive(r, NULL, 1, test_buffer), EAGAIN);
        FAILS(receive(r, name, 1, test_buffer), EAGAIN);
        linked(t, s, r, name);
        nonblocking(r, true);
        say(s, name, "x");
        CHECK(readable(r, 3000));
        CHECK(receive(r, NULL, 1, test_buffer) == 1);
        FAILS(receive(r, NULL, 1, test_buffer), EAGAIN);
        FAILS(receive(r, name, 1, test_buffer), EAGAIN);
    }
}

static int watcher;

static bool by_select(int s, int milliseconds)
{
    struct timeval time = {milliseconds / 1000, milliseconds % 1000 * 1000};
    fd_set set;

    FD_ZERO(&set);
    FD_SET(s, &set);
    return select(s + 1, &set, NULL, NULL, &time) == 1;
}

static bool by_epoll(int s, int milliseconds)
{
    struct epoll_event event;
    int n = epoll_wait(watcher, &event, 1, milliseconds);

    CHECK(n >= 0);
    return n == 1 && event.data.fd == s;
}

static bool ready(int s, int milliseconds)
{
    bool is = readable(s, milliseconds);

    CHECK(by_select(s, 0) == is && by_epoll(s, 0) == is);
    return is;
}

static void is_readable(const struct technology *t)
{
    struct epoll_event event = {EPOLLIN, {0}};
    int s = speaker(t), r = hearer(t);

    watcher = epoll_create1(0);
    event.data.fd = r;
    CHECK(epoll_ctl(watcher, EPOLL_CTL_ADD, r, &event) == 0);
    CHECK(!ready(r, 0));
    for (int kind = 0; kind < BOTH_KINDS; kind++) {
        const char *a = of_kind(t, kind, 1), *b = of_kind(t, kind, 2);

        OK(join(r, a));
        OK(join(r, b));
        linked(t, s, r, a);
        linked(t, s, r, b);
        CHECK(!ready(r, 20));
        for (int i = 0; i < 200; i++)
            say(s, i % 3 ? a : b, "x");
        for (int i = 0; i < 200; i++) {
            CHECK(ready(r, 3000));
            expect(r, NULL, "x");
        }
        CHECK(!ready(r, 20));
        /* Those of one group are passed by. */
        for (int i = 0; i < 20; i++) {
            say(s, a, "a");
            say(s, b, "b");
        }
        for (int i = 0; i < 20; i++)
            expect(r, b, "b");
        for (int i = 0; i < 20; i++) {
            CHECK(ready(r, 3000));
            expect(r, NULL, "a");
        }
        CHECK(!ready(r, 20));
        /* Too long for a buffer is readable; left with messages inside is not. */
        say(s, a, "long");
        CHECK(ready(r, 3000));
        FAILS(receive(r, NULL, 3, test_buffer), EMSGSIZE);
        CHECK(ready(r, 0));
        OK(leave(r, a));
        CHECK(!ready(r, 20));
        say(s, a, "y");
        say(s, b, "z");
        CHECK(ready(r, 3000));
        expect(r, b, "z");
        CHECK(!ready(r, 20));
        OK(leave(r, b));
    }
}

struct waiter {
    int s;
    const char *name;
    int length, error, received;
    _Atomic int done;
    pthread_t thread;
};

static _Atomic int waiting;

static void *wait_for_one(void *argument)
{
    struct waiter *w = argument;

    waiting++;
    w->length = receive(w->s, w->name, sizeof test_buffer, test_buffer);
    w->error = errno;
    w->done = 1;
    return NULL;
}

static void *wait_for_all(void *argument)
{
    struct waiter *w = argument;

    waiting++;
    while (receive(w->s, w->name, sizeof test_buffer, test_buffer) >= 0)
        w->received++;
    w->error = errno;
    return NULL;
}

/* Until so many threads have begun, and had time to fall asleep. */
static void asleep(int count)
{
    while (waiting < count)
        sched_yield();
    waiting = 0;
    pause_ms(30);
}

static void wakes_at_delete(const struct technology *t)
{
    for (int kind = 0; kind < BOTH_KINDS; kind++) {
        struct waiter w[6];
        int r = hearer(t);

        OK(join(r, of_kind(t, kind, 1)));
        OK(join(r, of_kind(t, kind, 2)));
        for (int i = 0; i < 6; i++) {
            w[i] = (struct waiter){.s = r, .name = i < 3 ? NULL : of_kind(t, kind, 1 + i % 2)};
            CHECK(pthread_create(&w[i].thread, NULL, wait_for_one, &w[i]) == 0);
        }
        asleep(6);
        OK(deleteMSocket(r));
        for (int i = 0; i < 6; i++) {
            CHECK(pthread_join(w[i].thread, NULL) == 0);
            CHECK(w[i].length == -1 && w[i].error == EBADF);
        }
        FAILS(receive(r, NULL, 1, test_buffer), EBADF);
    }
}

/* Each message wakes one who wants it: with a thread for any group and threads for one group each. */
static void wakes_who_wants(const struct technology *t)
{
    for (int kind = 0; kind < BOTH_KINDS; kind++) {
        const char *a = of_kind(t, kind, 1), *b = of_kind(t, kind, 2);
        struct waiter w[2] = {{.name = a}, {.name = b}};
        int s = speaker(t), r = hearer(t);

        OK(join(r, a));
        OK(join(r, b));
        linked(t, s, r, a);
        linked(t, s, r, b);
        for (int round = 0; round < 100; round++) {
            for (int i = 0; i < 2; i++) {
                w[i].s = r;
                CHECK(pthread_create(&w[i].thread, NULL, wait_for_one, &w[i]) == 0);
            }
            while (waiting < 2)
                sched_yield();
            waiting = 0;
            if (round % 10 == 0)
                pause_ms(10);
            say(s, round % 2 ? a : b, "one");
            CHECK(pthread_join(w[round % 2 ? 0 : 1].thread, NULL) == 0 && w[round % 2 ? 0 : 1].length == 3);
            say(s, round % 2 ? b : a, "other");
            CHECK(pthread_join(w[round % 2 ? 1 : 0].thread, NULL) == 0 && w[round % 2 ? 1 : 0].length == 5);
        }
        OK(deleteMSocket(r));
        OK(deleteMSocket(s));
    }
}

static void shares_among_threads(const struct technology *t)
{
    enum { COUNT = 2000, THREADS = 4 };

    for (int kind = 0; kind < BOTH_KINDS; kind++) {
        const char *name = of_kind(t, kind, 1);
        struct waiter w[THREADS];
        int s = speaker(t), r = hearer(t), received = 0;
        uint64_t before;
        int64_t end;

        OK(join(r, name));
        linked(t, s, r, name);
        before = counted(r).received;
        for (int i = 0; i < THREADS; i++) {
            w[i] = (struct waiter){.s = r, .name = i % 2 ? name : NULL};
            CHECK(pthread_create(&w[i].thread, NULL, wait_for_all, &w[i]) == 0);
        }
        asleep(THREADS);
        for (int i = 0; i < COUNT; i++)
            say(s, name, "shared");
        for (end = now_ms() + 10000; counted(r).received < before + COUNT && now_ms() < end;)
            pause_ms(1);
        CHECK(counted(r).received == before + COUNT);
        OK(deleteMSocket(r));
        for (int i = 0; i < THREADS; i++) {
            CHECK(pthread_join(w[i].thread, NULL) == 0 && w[i].error == EBADF);
            received += w[i].received;
        }
        CHECK(received == COUNT);
        OK(deleteMSocket(s));
    }
}

/* Sends until the waiter has one; more than one can be on its way by then. */
static void until_heard(int s, const char *name, struct waiter *w)
{
    int64_t end = now_ms() + 10000;

    while (!w->done && now_ms() < end) {
        say(s, name, "new");
        pause_ms(5);
    }
    CHECK(w->done);
    CHECK(pthread_join(w->thread, NULL) == 0 && w->length == 3);
    pause_ms(20);
    nonblocking(w->s, true);
    while (receive(w->s, NULL, sizeof test_buffer, test_buffer) == 3)
        ;
    nonblocking(w->s, false);
    w->done = 0;
}

static void sleeps(struct waiter *w)
{
    CHECK(pthread_create(&w->thread, NULL, wait_for_one, w) == 0);
    asleep(1);
}

/* Who waits already gets what comes of a join, or by an Interface, that is newer. */
static void wakes_by_what_is_new(const struct technology *t)
{
    uint32_t lo = index_of("lo");

    for (int kind = 0; kind < BOTH_KINDS; kind++) {
        const char *a = of_kind(t, kind, 1), *b = of_kind(t, kind, 2);
        int s = speaker(t), r = hearer(t);
        struct waiter w = {.s = r};

        sleeps(&w);
        OK(join(r, a));
        until_heard(s, a, &w);
        sleeps(&w);
        OK(join(r, b));
        until_heard(s, b, &w);
        sleeps(&w);
        OK(delInterface(r, t->hears()));
        OK(addInterface(r, t->hears()));
        until_heard(s, a, &w);
        w.name = b;
        sleeps(&w);
        OK(delInterface(r, t->hears()));
        OK(addInterface(r, t->hears()));
        until_heard(s, b, &w);
        OK(deleteMSocket(r));

        /* Asleep at one Interface, of technology ip; then comes another. */
        OK(createMSocket(&r, 1, &lo));
        w = (struct waiter){.s = r};
        OK(join(r, framed(kind + 5)));
        if (kind == 1)
            w.name = framed(kind + 5);
        sleeps(&w);
        if (device(t->hears()) == lo)
            OK(delInterface(r, lo));
        OK(addInterface(r, t->hears()));
        until_heard(s, framed(kind + 5), &w);
        OK(deleteMSocket(r));
        OK(deleteMSocket(s));
    }
}

/* A wait by name ends when the group is left. */
static void wakes_at_leave(const struct technology *t)
{
    for (int kind = 0; kind < BOTH_KINDS; kind++) {
        struct waiter w = {.s = hearer(t), .name = of_kind(t, kind, 1)};

        OK(join(w.s, w.name));
        sleeps(&w);
        OK(leave(w.s, w.name));
        CHECK(pthread_join(w.thread, NULL) == 0 && w.length == -1 && w.error == EADDRNOTAVAIL);
        OK(deleteMSocket(w.s));
    }
}

#endif
