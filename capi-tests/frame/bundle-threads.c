/* Two threads wait in receive and a bundle brings both a message: neither waits any longer. And who deletes the multicast socket
 * while another thread fills bundles gets all descriptors back.
 * build: -lhamx -pthread
 */
#include "frame.h"

#define NAME "ham:opaque:threads"

static int s;

static void *hears_one(void *unused)
{
    char text[16];

    (void)unused;
    CHECK(receive(s, NULL, sizeof text, text) == 5);
    return NULL;
}

static void *sends(void *unused)
{
    (void)unused;
    while (send(s, NAME, 5, "hello") == 0)
        ;
    CHECK(errno == EBADF);
    return NULL;
}

int main(void)
{
    pthread_t threads[2];
    int64_t before, late = 0;
    int t, first = 0;

    begin(50);
    CHECK(setenv("HAM_BUNDLE", "2000", 1) == 0);
    s = socket_on("lo");
    t = socket_on("lo");
    OK(join(s, NAME));
    say(t, NAME, "first");
    say(t, NAME, "first");
    expect(s, NULL, "first");
    expect(s, NULL, "first");
    for (int i = 0; i < 20; i++) {
        for (int k = 0; k < 2; k++)
            CHECK(pthread_create(&threads[k], NULL, hears_one, NULL) == 0);
        pause_ms(20);
        say(t, NAME, "hello");
        say(t, NAME, "hello");
        before = now_ms();
        for (int k = 0; k < 2; k++)
            CHECK(pthread_join(threads[k], NULL) == 0);
        late += now_ms() - before > 100;
    }
    /* A busy machine may delay one or two; a thread that sleeps on is late each time. */
    CHECK(late < 10);
    OK(deleteMSocket(s));

    for (int i = 0; i < 100; i++) {
        s = socket_on("lo");
        CHECK(pthread_create(&threads[0], NULL, sends, NULL) == 0);
        pause_ms(3);
        OK(deleteMSocket(s));
        CHECK(pthread_join(threads[0], NULL) == 0);
        if (i == 0) {
            pause_ms(50);
            first = open_descriptors();
        }
    }
    for (before = now_ms(); open_descriptors() > first + 2 && now_ms() < before + PATIENCE;)
        pause_ms(10);
    CHECK(open_descriptors() <= first + 2);
    return 0;
}
