/* A thread that waits in receive hears a group that another thread joins, although strangers keep sending to the first one.
 * build: -lhamx -pthread
 */
#include "frame.h"

static int s;

static void *waits(void *unused)
{
    (void)unused;
    expect(s, NULL, "of the second group");
    return NULL;
}

static void *strangers(void *unused)
{
    (void)unused;
    for (;;) {
        bsd_say("239.46.9.1", 5000, "lo", NULL, "this is no frame");
        pause_ms(20);
    }
    return NULL;
}

int main(void)
{
    pthread_t stranger, waiter;
    int t;

    begin(20);
    configuration("[[map]]\nname = \"ham:opaque:one\"\naddresses = [\"239.46.9.1:5000\"]\n");
    s = socket_on("lo");
    t = socket_on("lo");
    OK(join(s, "ham:opaque:one"));
    CHECK(pthread_create(&stranger, NULL, strangers, NULL) == 0);
    CHECK(pthread_create(&waiter, NULL, waits, NULL) == 0);
    pause_ms(300);
    OK(join(s, "ham:opaque:two"));
    say(t, "ham:opaque:two", "of the second group");
    CHECK(pthread_join(waiter, NULL) == 0);
    CHECK(counted(s).refused > 5);
    return 0;
}
