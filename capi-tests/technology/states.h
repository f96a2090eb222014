/* Behaviours: counters, group states, events, Interfaces, hop limits, bundles, forked children, all groups of a namespace. */
#ifndef STATES_H
#define STATES_H

#include "messages.h"
#include "suite.h"
#include "waiting.h"

static void counts(const struct technology *t)
{
    int s = speaker(t), r = hearer(t);

    for (int kind = 0; kind < BOTH_KINDS; kind++) {
        const char *name = of_kind(t, kind, 1);
        struct ham_statistics sent, heard;
        struct ham_ifStatistics out, in;

        OK(join(r, name));
        linked(t, s, r, name);
        sent = counted(s);
        heard = counted(r);
        out = counted_at(s, t->speaks());
        in = counted_at(r, t->hears());
        for (int i = 0; i < 100; i++)
            say(s, name, "counted");
        for (int i = 0; i < 100; i++)
            expect(r, NULL, "counted");
        CHECK(counted(s).sent == sent.sent + 100 && counted(s).send_failures == sent.send_failures);
        CHECK(counted_at(s, t->speaks()).sent == out.sent + 100);
        CHECK(counted_at(s, t->speaks()).send_failures == out.send_failures);
        CHECK(counted(r).received == heard.received + 100);
        CHECK(counted_at(r, t->hears()).received == in.received + 100);
        CHECK(counted(r).lost == 0 && counted(r).refused == 0 && counted(r).duplicates == 0);
        CHECK(counted(r).dropped_by_kernel == 0 && counted(r).dropped_by_library == 0 && counted(r).join_failures == 0);
        FAILS(send(s, name, 65508, test_buffer), EMSGSIZE);
        CHECK(counted(s).sent == sent.sent + 100);
    }
}

/* What the application does not take is dropped and counted, and keeps nobody waiting. */
static void drops_what_is_too_much(const struct technology *t)
{
    enum { COUNT = 400, SIZE = 60000 };
    static char message[SIZE];

    for (int kind = 0; kind < BOTH_KINDS; kind++) {
        const char *name = of_kind(t, kind, 1), *mark = of_kind(t, kind, 2);
        int s = speaker(t), r = hearer(t), q = hearer(t), heard = 0;
        struct ham_statistics stats;

        OK(join(r, name));
        OK(join(r, mark));
        OK(join(q, mark));
        linked(t, s, r, name);
        linked(t, s, r, mark);
        linked(t, s, q, mark);
        emptied(t, r);
        emptied(t, q);
        for (int i = 0; i < COUNT; i++)
            OK(send(s, name, SIZE, message));
        /* Others are not kept waiting; a link that is full drops what comes then. */
        do
            say(s, mark, "and others");
        while (!readable(q, 100));
        expect(q, NULL, "and others");
        nonblocking(r, true);
        for (int done = 0; !done;) {
            if (!readable(r, 0)) {
                say(s, name, "the end");
                CHECK(readable(r, 3000) || !t->at_once);
            }
            int n = receive(r, name, sizeof test_buffer, test_buffer);

            heard += n == SIZE;
            done = n == 7;
            if (n == -1)
                receive(r, mark, sizeof test_buffer, test_buffer);
        }
        CHECK(heard > 0 && heard < COUNT);
        stats = counted(r);
        if (stats.dropped_by_kernel + stats.dropped_by_library + stats.lost + (uint64_t)heard < COUNT) {
            fprintf(stderr, "%d heard, %d dropped, %d lost of %d\n", heard, (int)(stats.dropped_by_kernel + stats.dropped_by_library),
                    (int)stats.lost, COUNT);
            exit(1);
        }
        nonblocking(r, false);
        nonblocking(q, true);
        while (readable(q, t->at_once ? 0 : 100))
            receive(q, NULL, sizeof test_buffer, test_buffer);
        while (readable(r, t->at_once ? 0 : 100))
            receive(r, NULL, sizeof test_buffer, test_buffer);
        say(s, mark, "and on");
        expect(r, NULL, "and on");
        OK(deleteMSocket(s));
        OK(deleteMSocket(r));
        OK(deleteMSocket(q));
    }
}

static void shows_groups(const struct technology *t)
{
    uint32_t at = t->hears();

    for (int kind = 0; kind < BOTH_KINDS; kind++) {
        const char *name = of_kind(t, kind, 1);
        int r = hearer(t), q = hearer(t);
        uint32_t failed[2] = {9, 9};

        CHECK(type_of(at, name) == -1);
        OK(join(r, name));
        CHECK(type_of(at, name) == HAM_LISTENER);
        OK(join(q, name));
        OK(leave(r, name));
        CHECK(type_of(at, name) == HAM_LISTENER);
        FAILS(srcDeregister(r, name, 2, failed), EADDRNOTAVAIL);
        failed[0] = failed[1] = 9;
        OK(srcRegister(r, name, 2, failed));
        CHECK(failed[0] == 0 && failed[1] == 0);
        CHECK(type_of(at, name) == HAM_SENDER_LISTENER);
        OK(leave(q, name));
        CHECK(type_of(at, name) == HAM_SENDER);
        OK(srcDeregister(r, name, 0, NULL));
        CHECK(type_of(at, name) == -1);
        /* Who sends is a source, too, until it is deleted. */
        say(r, name, "x");
        CHECK(type_of(at, name) == HAM_SENDER);
        OK(join(q, name));
        OK(deleteMSocket(r));
        CHECK(type_of(at, name) == HAM_LISTENER);
        OK(delInterface(q, at));
        CHECK(type_of(at, name) == -1);
        OK(addInterface(q, at));
        CHECK(type_of(at, name) == HAM_LISTENER);
        OK(deleteMSocket(q));
        CHECK(type_of(at, name) == -1);
    }
}

static struct {
    int type;
    uint32_t interface;
    char name[64];
} happened[256];
static _Atomic int happenings;

static void on_event(int type, uint32_t interface, const char *name)
{
    if (strstr(name, "conform") == NULL && strstr(name, "46") == NULL)
        return;
    CHECK(happenings < 256);
    happened[happenings].type = type;
    happened[happenings].interface = interface;
    snprintf(happened[happenings].name, sizeof happened[0].name, "%s", name);
    happenings++;
}

#define EVENT(t, i, what, group) event_at(t, i, what, group, __LINE__)
static inline void event_at(const struct technology *t, int i, int type, const char *name, int line)
{
    int64_t end = now_ms() + 5000;

    while (happenings <= i && now_ms() < end)
        pause_ms(1);
    if (happenings > i && happened[i].type == type && happened[i].interface == device(t->hears()) &&
        strcmp(happened[i].name, name) == 0)
        return;
    fprintf(stderr, "line %d: event %d is not %d %s but:\n", line, i, type, name);
    for (int k = 0; k < happenings; k++)
        fprintf(stderr, "    %d: %d %#x %s\n", k, happened[k].type, happened[k].interface, happened[k].name);
    exit(1);
}

static void tells_events(const struct technology *t)
{
    int r, q, n = 0;

    OK(registerEventCallback(on_event));
    r = hearer(t);
    OK(join(r, ip(t, 1)));
    OK(srcRegister(r, framed(1), 0, NULL));
    OK(enableEvents());
    for (int64_t end = now_ms() + 5000; happenings < 2 && now_ms() < end; pause_ms(1))
        ;
    /* What there is, in whatever order. */
    CHECK(happenings == 2 && happened[0].type + happened[1].type == HAM_JOIN_EVENT + HAM_NEW_SOURCE_EVENT);
    n = 2;
    q = hearer(t);
    for (int kind = 0; kind < BOTH_KINDS; kind++) {
        const char *name = of_kind(t, kind, 3), *other = of_kind(t, kind, 4);

        OK(join(q, name));
        OK(join(q, name));
        OK(join(r, name));
        OK(join(r, other));
        OK(leave(q, name));
        OK(leave(r, name));
        OK(srcRegister(r, name, 0, NULL));
        OK(srcRegister(q, name, 0, NULL));
        OK(srcRegister(r, name, 0, NULL));
        say(q, name, "x");
        OK(srcDeregister(r, name, 0, NULL));
        say(q, other, "the first");
        say(q, other, "the second");
        OK(delInterface(r, t->hears()));
        OK(addInterface(r, t->hears()));
        OK(leave(r, other));
        /* The Interface takes all groups of its socket with it, and brings them and the source back. */
        for (int64_t end = now_ms() + 5000; happenings < n + 11 && now_ms() < end; pause_ms(1))
            ;
        EVENT(t, n, HAM_JOIN_EVENT, name);
        EVENT(t, n + 1, HAM_JOIN_EVENT, other);
        EVENT(t, n + 2, HAM_LEAVE_EVENT, name);
        EVENT(t, n + 3, HAM_NEW_SOURCE_EVENT, name);
        EVENT(t, n + 4, HAM_NEW_SOURCE_EVENT, other);
        EVENT(t, n + 9, HAM_NEW_SOURCE_EVENT, framed(1));
        EVENT(t, n + 10, HAM_LEAVE_EVENT, other);
        n += 11;
    }
    pause_ms(100);
    if (happenings != n)
        EVENT(t, 999, 0, "");
    OK(disableEvents());
    OK(join(q, framed(9)));
    pause_ms(50);
    CHECK(happenings == n);
}

static void changes_interfaces(const struct technology *t)
{
    uint32_t at = t->hears(), *ids, from = t->speaks();
    struct ham_ifProp properties;
    int s = speaker(t), r = hearer(t);
    size_t n;

    OK(ham_interfaceProperties(at, &properties));
    CHECK(properties.if_index == at && properties.ifName[0] != '\0' && properties.ifTech[0] != '\0' && properties.mtu > 0);
    OK(getInterfaces(r, &n, &ids));
    CHECK(n == 1 && ids[0] == at);
    free(ids);
    for (int kind = 0; kind < BOTH_KINDS; kind++) {
        const char *name = of_kind(t, kind, 1);

        OK(join(r, name));
        linked(t, s, r, name);
        OK(delInterface(r, at));
        FAILS(delInterface(r, at), EADDRNOTAVAIL);
        OK(getInterfaces(r, &n, &ids));
        CHECK(n == 0 && ids == NULL);
        say(s, name, "unheard");
        nothing(t, r);
        OK(addInterface(r, at));
        OK(addInterface(r, at));
        linked(t, s, r, name);
        say(s, name, "heard");
        expect(r, NULL, "heard");
        OK(delInterface(s, from));
        FAILS(send(s, name, 1, "x"), EADDRNOTAVAIL);
        OK(addInterface(s, from));
        linked(t, s, r, name);
        say(s, name, "sent");
        expect(r, name, "sent");
        /* Joined without any Interface, where that can wait for one. */
        OK(leave(r, name));
    }
    FAILS(addInterface(r, 0x1fffffff), ENODEV);
    FAILS(delInterface(r, 0x1fffffff), ENODEV);
}

struct churn {
    const struct technology *t;
    int s, r;
    _Atomic bool over;
};

static void *changes(void *argument)
{
    struct churn *churn = argument;
    const char *other = framed(7);

    while (!churn->over) {
        OK(delInterface(churn->r, churn->t->hears()));
        OK(addInterface(churn->r, churn->t->hears()));
        OK(join(churn->r, other));
        OK(leave(churn->r, other));
        OK(delInterface(churn->s, churn->t->speaks()));
        OK(addInterface(churn->s, churn->t->speaks()));
    }
    return NULL;
}

/* Interfaces and groups come and go while messages do: what is heard is heard once and whole. */
static void changes_while_sending(const struct technology *t)
{
    for (int kind = 0; kind < BOTH_KINDS; kind++) {
        const char *name = of_kind(t, kind, 1);
        struct churn churn = {.t = t, .s = speaker(t), .r = hearer(t)};
        int s = speaker(t), q = hearer(t), value, last = -1, heard = 0;
        pthread_t thread;

        OK(join(churn.r, name));
        OK(join(q, name));
        linked(t, s, q, name);
        nonblocking(q, true);
        nonblocking(churn.r, true);
        CHECK(pthread_create(&thread, NULL, changes, &churn) == 0);
        for (int i = 0; i < 1500; i++) {
            OK(send(s, name, sizeof i, &i));
            if (send(churn.s, name, 2, "xx") != 0)
                CHECK(errno == EADDRNOTAVAIL || errno == ENETUNREACH);
            while (receive(q, name, sizeof value, &value) == sizeof value)
                heard++;
            while (receive(churn.r, NULL, sizeof value, &value) >= 0)
                if (value > last && value < 1500)
                    last = value;
        }
        churn.over = true;
        CHECK(pthread_join(thread, NULL) == 0);
        for (int64_t end = now_ms() + 5000; heard < 1500 && now_ms() < end;) {
            int size = receive(q, name, sizeof value, &value);

            heard += size == sizeof value;
            if (size == -1)
                readable(q, 10);
        }
        CHECK(heard == 1500);
        OK(deleteMSocket(s));
        OK(deleteMSocket(q));
        OK(deleteMSocket(churn.s));
        OK(deleteMSocket(churn.r));
    }
}

static void hears_first(const struct technology *t, struct other parent)
{
    int r = hearer(t);

    OK(join(r, framed(1)));
    step(parent, 'j');
    CHECK(receive(r, NULL, sizeof test_buffer, test_buffer) > 0 && test_buffer[0] == 'p');
    step(parent, 'p');
    do
        CHECK(receive(r, NULL, sizeof test_buffer, test_buffer) > 0);
    while (test_buffer[0] == 'p');
    step(parent, test_buffer[0]);
    next_step(parent);
}

static void keeps_hop_limit(const struct technology *t)
{
    struct other other = {0, -1, -1};
    const char *name = framed(1);
    uint8_t ttl = 9;
    int s, r;

    if (has_others(t)) {
        other = another(t, hears_first);
        next_step(other);
    }
    s = hearer(t);
    r = hearer(t);
    OK(getTTL(s, &ttl));
    CHECK(ttl == 1);
    OK(join(r, name));
    if (has_others(t)) {
        struct pollfd fd = {other.from, POLLIN, 0};

        do {
            say(s, name, "probe");
            expect(r, NULL, "probe");
        } while (poll(&fd, 1, 20) == 0);
        CHECK(next_step(other) == 'p');
    }
    OK(setTTL(s, 0, 0, NULL));
    OK(getTTL(s, &ttl));
    CHECK(ttl == 0);
    say(s, name, "0");
    expect(r, NULL, "0");
    say(s, ip(t, 1), "x");
    OK(setTTL(s, 255, 1, (uint32_t[]){t->hears()}));
    OK(getTTL(s, &ttl));
    CHECK(ttl == 255);
    say(s, name, "255");
    expect(r, NULL, "255");
    if (has_others(t)) {
        CHECK(next_step(other) == (t->zero_is_process ? '2' : '0'));
        step(other, 'q');
        finished(other.pid);
    }
    FAILS(setTTL(s, 1, 1, (uint32_t[]){0x1fffffff}), ENODEV);
}

static void is_not_heard_by_itself(const struct technology *t)
{
    int s = hearer(t), r = hearer(t);

    for (int kind = 0; kind < BOTH_KINDS; kind++) {
        const char *name = of_kind(t, kind, 1);

        OK(join(r, name));
        OK(join(s, name));
        say(s, name, "to the others");
        OK(setTTL(s, 0, 0, NULL));
        say(s, name, "to nobody");
        OK(setTTL(s, 1, 0, NULL));
        nothing(t, r);
        nothing(t, s);
    }
}

static void bundles(const struct technology *t)
{
    int s = speaker(t), r = hearer(t);
    uint64_t before;

    for (int kind = 0; kind < BOTH_KINDS; kind++) {
        const char *name = of_kind(t, kind, 1), *other = of_kind(t, kind, 2);

        OK(join(r, name));
        OK(join(r, other));
        linked(t, s, r, name);
        linked(t, s, r, other);
        before = counted_at(r, t->hears()).received;
        for (int i = 0; i < 300; i++) {
            OK(send(s, name, sizeof i, &i));
            if (i % 3 == 0)
                OK(send(s, other, 0, NULL));
        }
        for (int i = 0; i < 300; i++) {
            int value = -1;

            CHECK(readable(r, 3000));
            CHECK(receive(r, name, sizeof value, &value) == sizeof value && value == i);
        }
        for (int i = 0; i < 100; i++)
            expect(r, other, "");
        nothing(t, r);
        if (kind == 1)
            CHECK(counted_at(r, t->hears()).received < before + 200);
        CHECK(counted(r).lost == 0 && counted(r).refused == 0);
    }
    /* What waits in a bundle goes out when the socket is deleted. */
    say(s, framed(1), "the last");
    OK(deleteMSocket(s));
    expect(r, NULL, "the last");
}

static void *receives_for_ever(void *argument)
{
    int r = *(int *)argument;

    while (receive(r, NULL, sizeof test_buffer, test_buffer) >= 0)
        ;
    return NULL;
}

static void *sends_for_ever(void *argument)
{
    int s = *(int *)argument;

    while (send(s, "ham:opaque:conform-5", 1, "x") == 0 || errno == ENETUNREACH)
        usleep(200);
    return NULL;
}

/* A child neither hangs nor disturbs. */
static void forks(const struct technology *t)
{
    int s = speaker(t), r = hearer(t), busy_s = speaker(t), busy_r = hearer(t);
    pthread_t receiver, sender;
    pid_t child;

    OK(join(busy_r, framed(5)));
    CHECK(pthread_create(&receiver, NULL, receives_for_ever, &busy_r) == 0);
    CHECK(pthread_create(&sender, NULL, sends_for_ever, &busy_s) == 0);
    for (int kind = 0; kind < BOTH_KINDS; kind++) {
        const char *name = of_kind(t, kind, 1);

        OK(join(r, name));
        linked(t, s, r, name);
        for (int i = 0; i < 10; i++) {
            say(s, name, "before");
            say(s, name, "too");
            expect(r, NULL, "before");
            child = fork();
            CHECK(child >= 0);
            if (child == 0) {
                int own;

                begin(10);
                nonblocking(s, true);
                if (send(s, framed(8), 1, "x") != 0)
                    CHECK(errno == EADDRNOTAVAIL);
                FAILS(join(r, framed(8)), EBADF);
                if (createMSocket(&own, 1, (uint32_t[]){t->hears()}) == 0) {
                    nonblocking(own, true);
                    if (join(own, framed(8)) == 0 && send(own, framed(8), 1, "x") == 0 && t->at_once)
                        expect(own, NULL, "x");
                    OK(deleteMSocket(own));
                }
                if (i % 2) {
                    OK(deleteMSocket(s));
                    OK(deleteMSocket(r));
                }
                /* To it the memory of the threads that it does not have is lost: nobody is to look for that. */
                _exit(0);
            }
            finished(child);
            nonblocking(s, false);
            expect(r, name, "too");
            say(s, name, "after");
            expect(r, NULL, "after");
        }
        nothing(t, r);
    }
    OK(deleteMSocket(busy_r));
    OK(deleteMSocket(busy_s));
    CHECK(pthread_join(receiver, NULL) == 0 && pthread_join(sender, NULL) == 0);
}

static bool is_by_address(const struct technology *t) { return !t->by_name; }

static void has_no_all_groups(const struct technology *t)
{
    static const char *const all[] = {"ham:opaque:*", "ham:sip:*@cnn.com", "ham:ip:*"};
    int r = hearer(t);

    for (int i = 0; i < 3; i++) {
        FAILS(join(r, all[i]), EADDRNOTAVAIL);
        FAILS(send(r, all[i], 1, "x"), EADDRNOTAVAIL);
        FAILS(leave(r, all[i]), EADDRNOTAVAIL);
        CHECK(type_of(t->hears(), all[i]) == -1);
    }
}

static void drained(int r)
{
    while (readable(r, 0))
        CHECK(receive(r, NULL, sizeof test_buffer, test_buffer) >= 0);
}

static void hears_all_groups(const struct technology *t)
{
    int s = speaker(t), r = hearer(t), q = hearer(t), o = hearer(t);
    struct waiter w = {.s = r, .name = "ham:opaque:*"};

    OK(join(r, "ham:opaque:*"));
    OK(join(q, "ham:sip:*@cnn.com"));
    OK(join(o, "ham:ip:*"));
    for (int64_t end = now_ms() + 10000; !t->at_once; pause_ms(20)) {
        (void)!send(s, "ham:opaque:known", 1, "x");
        (void)!send(s, "ham:sip:known@cnn.com", 1, "x");
        (void)!send(s, ip(t, 99), 1, "x");
        if (readable(r, 0) && readable(q, 0) && readable(o, 0)) {
            pause_ms(200);
            drained(r);
            drained(q);
            drained(o);
            break;
        }
        CHECK(now_ms() < end);
    }
    FAILS(send(s, "ham:opaque:*", 1, "x"), EADDRNOTAVAIL);
    if (t->hears == t->speaks)
        CHECK(type_of(t->hears(), "ham:opaque:*") == HAM_LISTENER);
    say(s, "ham:opaque:one", "one");
    say(s, "ham:opaque:two%2F%2A", "two");
    say(s, "ham:opaque:%2A", "an asterisk");
    say(s, "ham:sip:news@cnn.com", "news");
    say(s, "ham:sip:news@bbc.co.uk", "other news");
    say(s, "ham:sip:news", "no news");
    say(s, ip(t, 3), "by address");
    say(s, "ham:opaque:one", "one more");
    expect_as(r, "one", "ham:opaque:one");
    expect_as(r, "two", "ham:opaque:two%2F%2A");
    expect_as(r, "an asterisk", "ham:opaque:%2A");
    expect(r, "ham:opaque:*", "one more");
    expect_as(q, "news", "ham:sip:news@cnn.com");
    expect_as(o, "by address", ip(t, 3));
    nothing(t, r);
    nothing(t, q);
    nothing(t, o);
    sleeps(&w);
    say(s, "ham:opaque:woken", "woken");
    CHECK(pthread_join(w.thread, NULL) == 0 && w.length == 5);
    /* A name among them is joined by itself only when it is. */
    FAILS(receive(r, "ham:opaque:one", 1, test_buffer), EADDRNOTAVAIL);
    FAILS(leave(r, "ham:opaque:one"), EADDRNOTAVAIL);
    for (int i = 1; i <= 200; i++)
        say(s, framed(i), framed(i));
    for (int i = 1; i <= 200; i++)
        expect_as(r, framed(i), framed(i));
    nothing(t, r);
    /* Once each, however they are joined. */
    OK(join(r, framed(1)));
    linked(t, s, r, framed(1));
    for (int i = 0; i < 50; i++) {
        say(s, framed(1), "by both");
        say(s, framed(2), "by one");
    }
    for (int i = 0; i < 50; i++)
        expect(r, framed(1), "by both");
    for (int i = 0; i < 50; i++)
        expect(r, NULL, "by one");
    nothing(t, r);
    OK(leave(r, framed(1)));
    if (!t->at_once)
        pause_ms(200);
    say(s, framed(1), "by the namespace again");
    expect_as(r, "by the namespace again", framed(1));
    CHECK(counted(r).lost == 0 && counted(r).duplicates == 0 && counted(r).refused == 0);
    OK(join(r, framed(1)));
    linked(t, s, r, framed(1));
    say(s, framed(2), "waits");
    if (!t->at_once)
        pause_ms(200);
    OK(leave(r, "ham:opaque:*"));
    nothing(t, r);
    say(s, framed(1), "by name");
    say(s, framed(2), "not any more");
    expect_as(r, "by name", framed(1));
    nothing(t, r);
    OK(leave(r, framed(1)));
    say(s, framed(1), "nor this");
    nothing(t, r);
}

/* Nobody keeps groups of the namespace out by the names of many others. */
static void hears_new_ones_among_many(const struct technology *t)
{
    const char *all = sealed("ham:opaque:*", "aes-256-gcm;" KEY_A), *secret = sealed("ham:opaque:new", "aes-256-gcm;" KEY_A);
    int s = speaker(t), r = hearer(t), q = hearer(t);

    OK(join(r, "ham:opaque:*"));
    OK(join(q, all));
    for (int i = 0; i < 4200; i++) {
        say(s, framed(i), "");
        expect(r, NULL, "");
    }
    nothing(t, q);
    say(s, "ham:opaque:new", "new");
    expect_as(r, "new", "ham:opaque:new");
    say(s, secret, "secret");
    expect_as(q, "secret", "ham:opaque:new");
    nothing(t, q);
}

#endif
