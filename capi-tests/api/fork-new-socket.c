/* Multicast sockets that a child makes after fork() work fully there, even when the parent's threads were amid calls.
 * build: -pthread
 */
#include "test.h"

#define NAME "ham:ip:239.1.2.3:5000"
#define CHILDS "ham:ip:239.1.2.4:5000"

static _Atomic bool over;

static void *busy(void *argument)
{
    (void)argument;
    while (!over) {
        int s = socket_on("lo");
        OK(join(s, "ham:ip:239.1.2.5:5000"));
        OK(leave(s, "ham:ip:239.1.2.5:5000"));
        OK(deleteMSocket(s));
    }
    return NULL;
}

static void child_lives(void)
{
    int s, t;
    uint8_t ttl;

    begin(10);
    s = socket_on("lo");
    t = socket_on("lo");
    OK(join(s, CHILDS));
    say(t, CHILDS, "new life");
    expect(s, CHILDS, "new life");
    OK(setTTL(t, 3, 0, NULL));
    OK(getTTL(t, &ttl));
    CHECK(ttl == 3);
    OK(leave(s, CHILDS));
    OK(join(s, "ham:ip:[ff15::23]:5000"));
    say(t, "ham:ip:[ff15::23]:5000", "six");
    expect(s, NULL, "six");
    OK(enableEvents());
    OK(disableEvents());
    OK(deleteMSocket(s));
    OK(deleteMSocket(t));
    exit(0);
}

int main(void)
{
    pthread_t threads[2];
    int s;

    begin(50);
    s = socket_on("lo");
    OK(join(s, NAME));
    OK(enableEvents());
    for (int i = 0; i < 2; i++)
        CHECK(pthread_create(&threads[i], NULL, busy, NULL) == 0);
    for (int round = 0; round < 40; round++) {
        pid_t child = fork();
        if (child == 0)
            child_lives();
        finished(child);
    }
    over = true;
    for (int i = 0; i < 2; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    say(s, NAME, "parent");
    expect(s, NULL, "parent");
    return 0;
}
