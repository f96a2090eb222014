/* Behaviours of a multicast socket that has an Interface of technology ip beside another one: whatever comes both ways is handed
 * out once, and nothing else is lost or doubled.
 */
#ifndef BOTH_H
#define BOTH_H

#include "suite.h"
#include "waiting.h"

static int on_both(const struct technology *t, bool hears)
{
    uint32_t both[2] = {index_of("lo"), hears ? t->hears() : t->speaks()};
    int s = -1;

    OK(createMSocket(&s, 2, both));
    return s;
}

/* Raw on IPv4, raw on IPv6, in frames. */
static const char *const ways[] = {"ham:ip:239.46.1.%d:5000", "ham:ip:[ff15::46:1:%d]:5000", "ham:opaque:both-%d"};
#define WAYS 3

static const char *by(int way, int i) { return print_name(ways[way], i); }

/* As linked(), where one message can come by IP before the other Interface is ready. */
static void both_linked(const struct technology *t, int r, const char *name)
{
    static int far = -1;

    if (t->at_once)
        return;
    if (far == -1)
        far = speaker(t);
    linked(t, far, r, name);
}

/* `count` messages with these numbers come once each, in whatever order, and no more. */
#define once_each(t, r, count) once_each_at(t, r, count, __LINE__)
static void once_each_at(const struct technology *t, int r, int count, int line)
{
    static unsigned char times[20000];
    int64_t end = now_ms() + 10000;
    int heard = 0, twice = 0, value, n;

    memset(times, 0, sizeof times);
    nonblocking(r, true);
    while (heard + twice < count && now_ms() < end) {
        n = receive(r, NULL, sizeof value, &value);
        if (n == -1) {
            CHECK(errno == EAGAIN);
            readable(r, 10);
            continue;
        }
        CHECK(n == sizeof value && value >= 0 && value < count);
        *(times[value]++ == 0 ? &heard : &twice) += 1;
    }
    for (end = now_ms() + (t->at_once ? 50 : 300); now_ms() < end; readable(r, 5))
        while (receive(r, NULL, sizeof value, &value) >= 0)
            twice++;
    nonblocking(r, false);
    if (heard != count || twice != 0) {
        fprintf(stderr, "line %d: of %d messages %d came, and %d came twice\n", line, count, heard, twice);
        exit(1);
    }
}

static void comes_once(const struct technology *t)
{
    for (int way = 0; way < WAYS; way++) {
        const char *name = by(way, 1);
        int s = on_both(t, false), r = on_both(t, true), count = 0;
        struct ham_message info;
        struct ham_statistics stats;

        OK(join(r, name));
        both_linked(t, r, name);
        for (; count < 300; count++)
            OK(send(s, name, sizeof count, &count));
        once_each(t, r, count);
        for (count = 0; count < 100; count++) {
            OK(send(s, name, sizeof count, &count));
            if (count % 7 == 0)
                pause_ms(1);
        }
        once_each(t, r, count);
        /* Alike, and empty. */
        for (int i = 0; i < 20; i++) {
            say(s, name, "alike");
            say(s, name, "");
        }
        for (int i = 0; i < 20; i++) {
            expect(r, NULL, "alike");
            expect(r, name, "");
        }
        nothing(t, r);
        say(s, name, "by name");
        CHECK(readable(r, 3000));
        CHECK(ham_receive_from(r, name, sizeof test_buffer, test_buffer, &info) == 7 && strcmp(info.group_uri, name) == 0);
        nothing(t, r);
        stats = counted(r);
        CHECK(stats.refused == 0 && stats.lost == 0);
        CHECK(stats.duplicates >= 441);
        CHECK(counted(s).sent == 441 && counted(s).send_failures == 0);
        CHECK(counted_at(s, index_of("lo")).sent == 441 && counted_at(s, t->speaks()).sent == 441);
        OK(deleteMSocket(s));
        OK(deleteMSocket(r));
    }
}

static void has_every_size_once(const struct technology *t)
{
    static const int sizes[] = {0, 1, 1400, 60000, 65463, 65464, 65465, 65507};
    static uint8_t message[65507], buffer[65508];

    for (int way = 0; way < WAYS; way++) {
        const char *name = by(way, 1);
        int s = on_both(t, false), r = on_both(t, true);

        OK(join(r, name));
        both_linked(t, r, name);
        for (int i = 0; i < 24; i++) {
            size_t size = (size_t)sizes[i % 8];

            fill(message, size, (unsigned)i);
            OK(send(s, name, size, message));
            CHECK(readable(r, 5000));
            if (size > 0)
                FAILS(receive(r, name, size - 1, buffer), EMSGSIZE);
            CHECK(receive(r, i % 2 ? NULL : name, sizeof buffer, buffer) == (int)size && filled(buffer, size, (unsigned)i));
            silent(r, t->at_once ? 0 : 50);
        }
        OK(deleteMSocket(s));
        OK(deleteMSocket(r));
    }
}

/* From one who has IP alone and one who has the other alone: two messages, however alike. */
static void tells_senders_apart(const struct technology *t)
{
    for (int way = 0; way < WAYS; way++) {
        const char *name = by(way, 1);
        int one = socket_on("lo"), other = speaker(t), s = on_both(t, false), r = on_both(t, true);

        OK(join(r, name));
        both_linked(t, r, name);
        for (int i = 0; i < 30; i++) {
            say(one, name, "same");
            say(other, name, "same");
            say(s, name, "same");
            for (int k = 0; k < 3; k++)
                expect(r, NULL, "same");
            silent(r, t->at_once ? 0 : 20);
        }
        for (int i = 0; i < 30; i++) {
            say(s, name, "same");
            say(other, name, "same");
            say(one, name, "same");
        }
        for (int i = 0; i < 90; i++)
            expect(r, NULL, "same");
        nothing(t, r);
        OK(deleteMSocket(one));
        OK(deleteMSocket(other));
        OK(deleteMSocket(s));
        OK(deleteMSocket(r));
    }
}

/* The application takes nothing for a while; then each message comes once all the same. */
static void waits_for_the_slow(const struct technology *t)
{
    int s = on_both(t, false), r[WAYS];

    for (int way = 0; way < WAYS; way++) {
        r[way] = on_both(t, true);
        OK(join(r[way], by(way, 1)));
        both_linked(t, r[way], by(way, 1));
        for (int i = 0; i < 3000; i++)
            OK(send(s, by(way, 1), sizeof i, &i));
    }
    pause_ms(2500);
    for (int way = 0; way < WAYS; way++)
        once_each(t, r[way], 3000);
}

static void has_many_groups_once(const struct technology *t)
{
    enum { COUNT = 150 };

    for (int way = 0; way < WAYS; way++) {
        int s = on_both(t, false), r = on_both(t, true);

        for (int i = 1; i <= COUNT; i++) {
            OK(join(r, by(way, i)));
            both_linked(t, r, by(way, i));
        }
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < COUNT; i++)
                OK(send(s, by(way, i + 1), sizeof i, &i));
            once_each(t, r, COUNT);
        }
        for (int i = 1; i <= COUNT; i++)
            OK(leave(r, by(way, i)));
        for (int i = 0; i < COUNT; i++)
            OK(send(s, by(way, i + 1), sizeof i, &i));
        nothing(t, r);
        OK(deleteMSocket(s));
        OK(deleteMSocket(r));
    }
}

/* What is lost one way comes by the other. */
static void is_whole_by_both(const struct technology *t)
{
    for (int way = 0; way < WAYS; way++) {
        const char *name = by(way, 1);
        int s = on_both(t, false), r = on_both(t, true), count;

        OK(join(r, name));
        both_linked(t, r, name);
        for (count = 0; count < 2000; count++)
            OK(send(s, name, sizeof count, &count));
        once_each(t, r, count);
        for (int i = 0; i < 3; i++) {
            for (count = 0; count < 200; count++) {
                OK(send(s, name, sizeof count, &count));
                if (count % 5 == i)
                    pause_ms(1);
            }
            once_each(t, r, count);
        }
        /* In frames, what comes by the one is not lost by the other. */
        CHECK((counted(r).lost == 0 || way < 2) && counted(r).refused == 0);
        OK(deleteMSocket(s));
        OK(deleteMSocket(r));
    }
}

static void *takes(void *argument)
{
    struct waiter *w = argument;
    int value;

    while (receive(w->s, w->name, sizeof value, &value) == sizeof value)
        w->received++;
    w->error = errno;
    return NULL;
}

static void shares_once(const struct technology *t)
{
    enum { COUNT = 2000, THREADS = 3 };

    for (int way = 0; way < WAYS; way++) {
        const char *name = by(way, 1);
        struct waiter w[THREADS];
        int s = on_both(t, false), r = on_both(t, true), received = 0;
        uint64_t before;

        OK(join(r, name));
        both_linked(t, r, name);
        before = counted(r).received;
        for (int i = 0; i < THREADS; i++) {
            w[i] = (struct waiter){.s = r, .name = i == 1 ? name : NULL};
            CHECK(pthread_create(&w[i].thread, NULL, takes, &w[i]) == 0);
        }
        for (int i = 0; i < COUNT; i++)
            OK(send(s, name, sizeof i, &i));
        for (int64_t end = now_ms() + 5000; counted(r).received < before + COUNT && now_ms() < end;)
            pause_ms(1);
        pause_ms(50);
        if (counted(r).received != before + COUNT) {
            fprintf(stderr, "%s: %d of %d\n", name, (int)(counted(r).received - before), COUNT);
            exit(1);
        }
        OK(deleteMSocket(r));
        for (int i = 0; i < THREADS; i++) {
            CHECK(pthread_join(w[i].thread, NULL) == 0 && w[i].error == EBADF);
            received += w[i].received;
        }
        CHECK(received == COUNT);
        OK(deleteMSocket(s));
    }
}

static void *sends_many(void *argument)
{
    const struct waiter *w = argument;

    for (int i = 0; i < 5000; i++) {
        CHECK(send(w->s, w->name, sizeof i, &i) == 0);
        if (i % 16 == 0)
            sched_yield();
    }
    return NULL;
}

/* While one way is ahead, and then the other. */
static void keeps_order_by_both(const struct technology *t)
{
    for (int way = 0; way < WAYS; way++) {
        const char *name = by(way, 1);
        struct waiter w = {.s = on_both(t, false), .name = name};
        int r = on_both(t, true), value;

        OK(join(r, name));
        both_linked(t, r, name);
        CHECK(pthread_create(&w.thread, NULL, sends_many, &w) == 0);
        for (int i = 0; i < 5000; i++) {
            CHECK(readable(r, 3000));
            nonblocking(r, i % 2);
            while (receive(r, i % 3 ? NULL : name, sizeof value, &value) == -1) {
                CHECK(errno == EAGAIN);
                CHECK(readable(r, 3000));
            }
            if (value != i) {
                fprintf(stderr, "%s: %d comes after %d\n", name, value, i - 1);
                exit(1);
            }
        }
        CHECK(pthread_join(w.thread, NULL) == 0);
        nothing(t, r);
        OK(deleteMSocket(r));
        OK(deleteMSocket(w.s));
    }
}

/* The other Interface comes, goes and comes again while messages do. */
static void changes_while_both(const struct technology *t)
{
    for (int way = 0; way < WAYS; way++) {
        const char *name = by(way, 1);
        int s = on_both(t, false), r = on_both(t, true), count = 0;

        OK(join(r, name));
        both_linked(t, r, name);
        for (; count < 600; count++) {
            OK(send(s, name, sizeof count, &count));
            if (count % 100 == 20)
                OK(delInterface(r, t->hears()));
            if (count % 100 == 40)
                OK(addInterface(r, t->hears()));
            if (count % 100 == 60)
                OK(delInterface(s, t->speaks()));
            if (count % 100 == 80)
                OK(addInterface(s, t->speaks()));
        }
        once_each(t, r, count);
        OK(deleteMSocket(s));
        OK(deleteMSocket(r));
    }
}

/* The other Interface was there first, and what came by it alone has no second copy. */
static void gets_ip_later(const struct technology *t)
{
    for (int way = 0; way < WAYS; way++) {
        const char *name = by(way, 1);
        int s = on_both(t, false), r = hearer(t);

        OK(join(r, name));
        for (int round = 0; round < 3; round++) {
            const char *alike = print_name("alike-%d", round), *other = print_name("other-%d", round);

            for (int i = 0; i < 3; i++)
                say(s, name, alike);
            OK(addInterface(r, index_of("lo")));
            OK(delInterface(s, t->speaks()));
            for (int i = 0; i < 3; i++)
                say(s, name, alike);
            for (int i = 0; i < 6; i++)
                expect(r, i % 2 ? name : NULL, alike);
            nothing(t, r);
            OK(addInterface(s, t->speaks()));
            for (int i = 0; i < 3; i++) {
                say(s, name, other);
                expect(r, NULL, other);
            }
            nothing(t, r);
            OK(delInterface(r, index_of("lo")));
        }
        OK(deleteMSocket(s));
        OK(deleteMSocket(r));
    }
}

/* A child's messages are another sender's, and come once too where they can be sent at all. */
static void forks_with_both(const struct technology *t)
{
    for (int way = 0; way < WAYS; way++) {
        const char *name = by(way, 1);
        int s = on_both(t, false), r = on_both(t, true);
        pid_t child;

        OK(join(r, name));
        both_linked(t, r, name);
        for (int i = 0; i < 4; i++) {
            say(s, name, "parent");
            child = fork();
            if (child == 0) {
                begin(10);
                OK(send(s, name, 5, "child"));
                _exit(0);
            }
            finished(child);
            expect(r, NULL, "parent");
            expect(r, NULL, "child");
            silent(r, t->at_once ? 10 : 100);
        }
        OK(deleteMSocket(s));
        OK(deleteMSocket(r));
    }
}

static const struct behaviour of_both[] = {
    {"each message once", comes_once, NULL, NULL},
    {"every size once", has_every_size_once, NULL, NULL},
    {"senders alike", tells_senders_apart, NULL, NULL},
    {"a slow application", waits_for_the_slow, NULL, NULL},
    {"many groups, each message once", has_many_groups_once, NULL, NULL},
    {"threads share what comes both ways", shares_once, NULL, NULL},
    {"order by both", keeps_order_by_both, NULL, NULL},
    {"one way is lost at times", is_whole_by_both, NULL, NULL},
    {"an Interface comes and goes", changes_while_both, NULL, NULL},
    {"ip comes later", gets_ip_later, NULL, is_at_once},
    {"fork with both", forks_with_both, NULL, NULL},
};

/* What holds of an Interface that loses, doubles and swaps messages beside one that does not. */
static const struct behaviour when_bad[] = {
    {"each message once", is_whole_by_both, NULL, NULL},
    {"many groups, each message once", has_many_groups_once, NULL, NULL},
    {"threads share what comes both ways", shares_once, NULL, NULL},
    {"an Interface comes and goes", changes_while_both, NULL, NULL},
    {"every size once", has_every_size_once, NULL, NULL},
};

#endif
