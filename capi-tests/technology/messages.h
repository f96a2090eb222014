/* Behaviours: messages, their sizes, order and groups. */
#ifndef MESSAGES_H
#define MESSAGES_H

#include "suite.h"

#define BIGGEST 65507

static uint8_t message[BIGGEST + 1], big[BIGGEST + 1];

static void is_received(const struct technology *t)
{
    for (int kind = 0; kind < BOTH_KINDS; kind++) {
        const char *name = of_kind(t, kind, 1);
        int s = speaker(t), r = hearer(t), q = hearer(t), stranger = hearer(t);
        struct ham_message info;

        OK(join(r, name));
        OK(join(q, name));
        OK(join(stranger, of_kind(t, kind, 2)));
        linked(t, s, r, name);
        linked(t, s, q, name);
        emptied(t, r);
        emptied(t, q);
        nothing(t, r);
        say(s, name, "to all");
        expect(r, NULL, "to all");
        expect(q, name, "to all");
        nothing(t, stranger);
        /* From where it joined, too. */
        say(r, name, "from a listener");
        expect(r, NULL, "from a listener");
        expect(q, NULL, "from a listener");
        /* Its group and Interface. */
        say(s, name, "");
        CHECK(readable(q, 3000));
        CHECK(ham_receive_from(q, NULL, sizeof big, big, &info) == 0);
        CHECK(strcmp(info.group_uri, name) == 0);
        CHECK(info.iface == device(t->hears()));
        CHECK(strchr(info.from, ':') != NULL);
        OK(deleteMSocket(r));
        say(s, name, "to the rest");
        expect(q, NULL, "to the rest");
        OK(deleteMSocket(s));
        OK(deleteMSocket(q));
        OK(deleteMSocket(stranger));
    }
}

static void listens(const struct technology *t, struct other parent)
{
    int r = hearer(t);

    for (int kind = 0; kind < BOTH_KINDS; kind++)
        OK(join(r, of_kind(t, kind, 1)));
    step(parent, 'j');
    for (int kind = 0; kind < BOTH_KINDS; kind++) {
        const char *name = of_kind(t, kind, 1);

        do
            CHECK(receive(r, name, sizeof test_buffer, test_buffer) > 0);
        while (test_buffer[0] == 'p');
        CHECK(test_buffer[0] == 'a');
        step(parent, 'h');
        for (int i = 0, n; i < 100; i++) {
            /* One "a now" more can be on its way. */
            while ((n = receive(r, name, sizeof big, big)) == 5)
                ;
            CHECK(n == i * 300 && filled(big, (size_t)n, (unsigned)i));
        }
        OK(send(r, name, 6, "answer"));
    }
    next_step(parent);
}

static void is_received_elsewhere(const struct technology *t)
{
    struct other other = another(t, listens);
    int s = speaker(t), r = hearer(t), n;

    next_step(other);
    for (int kind = 0; kind < BOTH_KINDS; kind++) {
        const char *name = of_kind(t, kind, 1);
        struct pollfd fd = {other.from, POLLIN, 0};

        OK(join(r, name));
        /* Until the other process hears it, and then the one that it waits for. */
        for (int i = 0; i < 200 && poll(&fd, 1, 0) == 0; i++) {
            (void)!send(s, name, 5, i < 3 ? "probe" : "a now");
            poll(&fd, 1, 20);
            if (i >= 3)
                break;
        }
        while (poll(&fd, 1, 100) == 0)
            (void)!send(s, name, 5, "a now");
        CHECK(next_step(other) == 'h');
        for (int i = 0; i < 100; i++) {
            fill(message, (size_t)(i * 300), (unsigned)i);
            OK(send(s, name, (size_t)(i * 300), message));
        }
        /* This process hears itself, and then the other one. */
        do {
            CHECK(readable(r, 5000));
            n = receive(r, name, sizeof test_buffer, test_buffer);
            CHECK(n >= 0);
        } while (n != 6);
        CHECK(memcmp(test_buffer, "answer", 6) == 0);
    }
    step(other, 'q');
    finished(other.pid);
}

static void has_every_size(const struct technology *t)
{
    static const int sizes[] = {0, 1, 63, 64, 65, 1399, 1400, 1401, 8900, 60000, 65463, 65464, 65465, BIGGEST - 1, BIGGEST};
    int s = speaker(t), r = hearer(t), count = sizeof sizes / sizeof sizes[0];

    CHECK(getMaxMsgSize() == BIGGEST);
    for (int kind = 0; kind < BOTH_KINDS; kind++) {
        const char *name = of_kind(t, kind, 1);

        OK(join(r, name));
        linked(t, s, r, name);
        CHECK(getAtomicMsgSize(s) > 500 && getAtomicMsgSize(s) <= BIGGEST);
        for (int i = 0; i < count; i++) {
            size_t size = (size_t)sizes[i];

            fill(message, size, (unsigned)i);
            OK(send(s, name, size, message));
            CHECK(readable(r, 5000));
            memset(big, 0x55, sizeof big);
            CHECK(receive(r, i % 2 ? NULL : name, sizeof big, big) == sizes[i]);
            CHECK(filled(big, size, (unsigned)i) && big[size] == 0x55);
        }
        FAILS(send(s, name, BIGGEST + 1, message), EMSGSIZE);
        nothing(t, r);
    }
    CHECK(counted(r).refused == 0 && counted(r).lost == 0 && counted(r).duplicates == 0);
}

static void keeps_what_is_too_long(const struct technology *t)
{
    int s = speaker(t), r = hearer(t);
    struct ham_message info;

    for (int kind = 0; kind < BOTH_KINDS; kind++) {
        const char *name = of_kind(t, kind, 1);

        OK(join(r, name));
        linked(t, s, r, name);
        say(s, name, "twelve bytes");
        say(s, name, "after");
        CHECK(readable(r, 3000));
        memset(test_buffer, 'x', 16);
        FAILS(receive(r, NULL, 11, test_buffer), EMSGSIZE);
        FAILS(receive(r, name, 0, NULL), EMSGSIZE);
        FAILS(ham_receive_from(r, name, 5, test_buffer, &info), EMSGSIZE);
        CHECK(readable(r, 0));
        CHECK(receive(r, NULL, 12, test_buffer) == 12 && memcmp(test_buffer, "twelve bytes", 12) == 0);
        expect(r, name, "after");
        nothing(t, r);
    }
}

static void keeps_order(const struct technology *t)
{
    enum { COUNT = 3000 };
    int s = speaker(t), r = hearer(t);

    for (int kind = 0; kind < BOTH_KINDS; kind++) {
        const char *name = of_kind(t, kind, 1);
        int value = -1;

        OK(join(r, name));
        linked(t, s, r, name);
        for (int i = 0; i < COUNT; i++)
            OK(send(s, name, sizeof i, &i));
        for (int i = 0; i < COUNT; i++) {
            CHECK(readable(r, 3000));
            CHECK(receive(r, i % 3 ? NULL : name, sizeof value, &value) == sizeof value);
            CHECK(value == i);
        }
        nothing(t, r);
    }
}

static void hears_while_joined(const struct technology *t)
{
    int s = speaker(t), r = hearer(t);

    for (int kind = 0; kind < BOTH_KINDS; kind++) {
        const char *name = of_kind(t, kind, 1), *mark = of_kind(t, kind, 2);

        OK(join(r, mark));
        linked(t, s, r, mark);
        say(s, name, "before");
        nothing(t, r);
        FAILS(receive(r, name, 1, test_buffer), EADDRNOTAVAIL);
        FAILS(leave(r, name), EADDRNOTAVAIL);
        OK(join(r, name));
        OK(join(r, name));
        linked(t, s, r, name);
        say(s, name, "joined");
        expect(r, name, "joined");
        /* What waits is dropped, and nothing else. */
        say(s, name, "waits");
        say(s, mark, "stays");
        say(s, name, "waits too");
        CHECK(readable(r, 3000));
        if (!t->at_once)
            pause_ms(100);
        OK(leave(r, name));
        FAILS(leave(r, name), EADDRNOTAVAIL);
        FAILS(receive(r, name, 1, test_buffer), EADDRNOTAVAIL);
        say(s, name, "after");
        expect(r, NULL, "stays");
        nothing(t, r);
        CHECK(!readable(r, 0));
        /* Again, without what was said meanwhile. */
        OK(join(r, name));
        nothing(t, r);
        linked(t, s, r, name);
        say(s, name, "again");
        expect(r, NULL, "again");
        OK(leave(r, mark));
        OK(leave(r, name));
    }
}

static void tells_names_apart(const struct technology *t)
{
    const char *all[] = {ip(t, 1),
                         ip(t, 2),
                         "ham:opaque:apart",
                         "ham:opaque:Apart",
                         "ham:opaque:apart:5000",
                         "ham:opaque:apart:5001",
                         "ham:opaque:apart@cnn.com",
                         "ham:sip:apart@cnn.com",
                         "ham:sip:apart",
                         "ham:opaque:apart%2F",
                         "ham:opaque:apart%20",
                         "ham:opaque:apar"};
    enum { COUNT = sizeof all / sizeof all[0] };
    int s = speaker(t), each[COUNT], both = hearer(t);

    for (int i = 0; i < COUNT; i++) {
        each[i] = hearer(t);
        OK(join(each[i], all[i]));
        OK(join(both, all[i]));
        linked(t, s, each[i], all[i]);
        linked(t, s, both, all[i]);
    }
    for (int i = 0; i < COUNT; i++)
        emptied(t, each[i]);
    emptied(t, both);
    for (int i = 0; i < COUNT; i++)
        say(s, all[i], all[i]);
    for (int i = 0; i < COUNT; i++)
        expect_as(each[i], all[i], all[i]);
    for (int i = 0; i < COUNT; i++)
        nothing(t, each[i]);
    for (int i = COUNT - 1; i >= 0; i--)
        expect(both, all[i], all[i]);
    nothing(t, both);
    for (int i = 0; i < COUNT; i++)
        CHECK(counted(each[i]).refused == 0);
}

static void receives_by_name(const struct technology *t)
{
    int s = speaker(t), r = hearer(t);

    for (int kind = 0; kind < BOTH_KINDS; kind++) {
        const char *a = of_kind(t, kind, 1), *b = of_kind(t, kind, 2), *c = of_kind(t, 1 - kind, 3);

        OK(join(r, a));
        OK(join(r, b));
        OK(join(r, c));
        linked(t, s, r, a);
        linked(t, s, r, b);
        linked(t, s, r, c);
        for (int i = 0; i < 50; i++) {
            say(s, a, i % 2 ? "a odd" : "a even");
            say(s, b, i % 2 ? "b odd" : "b even");
        }
        say(s, c, "c");
        expect(r, c, "c");
        for (int i = 0; i < 50; i++)
            expect(r, b, i % 2 ? "b odd" : "b even");
        nonblocking(r, true);
        FAILS(receive(r, b, 9, test_buffer), EAGAIN);
        FAILS(receive(r, c, 9, test_buffer), EAGAIN);
        nonblocking(r, false);
        for (int i = 0; i < 50; i++)
            expect(r, i % 3 ? NULL : a, i % 2 ? "a odd" : "a even");
        nothing(t, r);
        FAILS(receive(r, of_kind(t, kind, 9), 9, test_buffer), EADDRNOTAVAIL);
        OK(leave(r, a));
        OK(leave(r, b));
        OK(leave(r, c));
    }
}

static void carries_odd_names(const struct technology *t)
{
    static char longest[1000] = "ham:opaque:";
    const char *all[] = {"ham:opaque:a%2Fb%2Fc",   "ham:opaque:%2A",      "ham:opaque:a%23b%3Fc%24d", "ham:opaque:f%C3%BCr%20alle",
                         "ham:opaque:%2A%2A",      "ham:opaque:%E2%82%AC%5C%25", "ham:sip:news@cnn.com:7000", "ham:opaque:%40%3A%25",
                         "ham:x-y.z:1%7C2%5C%22", longest};
    enum { COUNT = sizeof all / sizeof all[0] };
    int s = speaker(t), r = hearer(t);

    for (int i = (int)strlen(longest); i < 900; i++)
        longest[i] = (char)('a' + i % 26);
    for (int i = 0; i < COUNT; i++) {
        if (join(r, all[i]) != 0) {
            fprintf(stderr, "%s: %s\n", all[i], strerror(errno));
            exit(1);
        }
        linked(t, s, r, all[i]);
        say(s, all[i], "odd");
        expect(r, NULL, "odd");
        say(s, all[i], "and named");
        expect(r, all[i], "and named");
        if (type_of(t->hears(), all[i]) == -1) {
            fprintf(stderr, "groupSet does not have %s\n", all[i]);
            exit(1);
        }
    }
    /* Any spelling of the normal form is the same group. */
    say(s, "HAM:OPAQUE:%61%2fb%2fc", "spelt");
    expect(r, "ham:opaque:%61%2Fb%2fc", "spelt");
    say(s, "ham:sip:news@CNN.com:07000", "spelt");
    expect_as(r, "spelt", "ham:sip:news@cnn.com:7000");
    /* A name with credentials in it is the name, and the group is left by it. */
    for (int i = 0; i < COUNT; i++)
        OK(leave(r, all[i]));
    nothing(t, r);
}

static void has_many_groups(const struct technology *t)
{
    enum { COUNT = 200 };
    int s = speaker(t), r = hearer(t), all = hearer(t), value;
    bool heard[COUNT];

    for (int kind = 0; kind < BOTH_KINDS; kind++) {
        struct ham_message info;

        for (int i = 1; i <= COUNT; i++) {
            OK(join(all, of_kind(t, kind, i)));
            if (i % 2 == 0)
                OK(join(r, of_kind(t, kind, i)));
        }
        for (int i = 1; i <= COUNT; i++)
            linked(t, s, i % 2 ? all : r, of_kind(t, kind, i));
        emptied(t, all);
        emptied(t, r);
        for (int i = 1; i <= COUNT; i++)
            OK(send(s, of_kind(t, kind, i), sizeof i, &i));
        memset(heard, 0, sizeof heard);
        for (int i = 0; i < COUNT; i++) {
            CHECK(readable(all, 3000));
            CHECK(ham_receive_from(all, NULL, sizeof value, &value, &info) == sizeof value);
            CHECK(value >= 1 && value <= COUNT && !heard[value - 1]);
            heard[value - 1] = true;
            CHECK(strcmp(info.group_uri, of_kind(t, kind, value)) == 0);
        }
        nothing(t, all);
        for (int i = COUNT; i >= 2; i -= 2) {
            CHECK(readable(r, 3000));
            CHECK(receive(r, of_kind(t, kind, i), sizeof value, &value) == sizeof value && value == i);
        }
        nothing(t, r);
        for (int i = 1; i <= COUNT; i++)
            OK(leave(all, of_kind(t, kind, i)));
        for (int i = 1; i <= COUNT; i++)
            OK(send(s, of_kind(t, kind, i), sizeof i, &i));
        nothing(t, all);
        for (int i = 2; i <= COUNT; i += 2) {
            CHECK(readable(r, 3000));
            CHECK(receive(r, of_kind(t, kind, i), sizeof value, &value) == sizeof value && value == i);
        }
    }
}

#define KEY_A "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define KEY_B "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8"

static const char *sealed(const char *name, const char *with)
{
    static char text[8][400];
    static unsigned i;

    snprintf(text[++i % 8], sizeof text[0], "%s/%s", name, with);
    return text[i % 8];
}

static void seals(const struct technology *t)
{
    for (int kind = 0; kind < BOTH_KINDS; kind++) {
        const char *plain = of_kind(t, kind, 1);
        const char *chacha = sealed(plain, "chacha20-poly1305;" KEY_A), *gcm = sealed(plain, "aes-256-gcm;" KEY_A);
        const char *other = sealed(plain, "chacha20-poly1305;" KEY_B);
        int s = speaker(t), r = hearer(t), q = hearer(t);

        for (int i = 0; i < 2; i++) {
            const char *name = i == 0 ? chacha : gcm;
            uint64_t refused;

            OK(join(r, name));
            OK(join(q, other));
            linked(t, s, r, name);
            linked(t, s, q, other);
            pause_ms(t->at_once ? 0 : 100);
            silent(r, 0);
            silent(q, 0);
            refused = counted(r).refused;
            say(s, name, "the secret");
            expect_as(r, "the secret", plain);
            nothing(t, q);
            fill(message, BIGGEST, 7);
            OK(send(s, name, BIGGEST, message));
            CHECK(readable(r, 3000));
            CHECK(receive(r, plain, sizeof big, big) == BIGGEST && filled(big, BIGGEST, 7));
            /* With another key, another algorithm, or none it gives nothing but a count. */
            say(s, other, "another key");
            say(s, i == 0 ? gcm : chacha, "another algorithm");
            expect(q, NULL, "another key");
            nothing(t, r);
            COUNTS(r, refused, refused + 2);
            if (kind == 1 || t->by_name) {
                say(s, plain, "plain");
                COUNTS(r, refused, refused + 3);
            }
            say(s, name, "and again");
            expect(r, plain, "and again");
            OK(leave(r, plain));
            OK(leave(q, plain));
        }
    }
}

#endif
