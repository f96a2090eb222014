/* After fork() the child can send, receive and delete what it inherited, and nothing that it does disturbs the parent; what would
 * change the shared state is EBADF there.
 * build: -pthread
 */
#include "test.h"

#define NAME "ham:ip:239.1.2.3:5000"
#define OTHER "ham:ip:239.1.2.4:5000"

static void inherited(int s)
{
    char buffer[16];

    begin(20);
    FAILS(join(s, OTHER), EBADF);
    FAILS(leave(s, NAME), EBADF);
    FAILS(srcRegister(s, NAME, 0, NULL), EBADF);
    FAILS(srcDeregister(s, NAME, 0, NULL), EBADF);
    FAILS(addInterface(s, index_of("lo")), EBADF);
    FAILS(delInterface(s, index_of("lo")), EBADF);
    FAILS(setTTL(s, 7, 0, NULL), EBADF);
    say(s, NAME, "from the child");
    CHECK(readable(s, PATIENCE));
    CHECK(receive(s, NULL, sizeof buffer, buffer) == 14);
    OK(deleteMSocket(s));
    FAILS(send(s, NAME, 1, "x"), EBADF);
    exit(0);
}

static void *parent_waits(void *argument)
{
    int s = *(int *)argument;
    expect(s, NAME, "after the child");
    return NULL;
}

int main(void)
{
    pthread_t thread;
    pid_t child;
    uint8_t ttl;
    int s, t;

    begin(40);
    s = socket_on("lo");
    t = socket_on("lo");
    OK(join(s, NAME));
    OK(join(t, NAME));
    child = fork();
    if (child == 0)
        inherited(s);
    finished(child);
    /* The parent's sockets are as they were. */
    expect(t, NULL, "from the child");
    OK(getTTL(s, &ttl));
    CHECK(ttl == 1);
    silent(s, 20);
    bsd_say("239.1.2.4", 5000, "lo", NULL, "not joined");
    silent(s, 50);
    say(s, NAME, "still there");
    expect(s, NULL, "still there");
    OK(join(s, OTHER));
    say(s, OTHER, "and able");
    expect(s, OTHER, "and able");
    OK(leave(s, OTHER));

    /* A child that just ends, or deletes, while a thread of the parent waits. */
    for (int how = 0; how < 2; how++) {
        CHECK(pthread_create(&thread, NULL, parent_waits, &s) == 0);
        pause_ms(100);
        child = fork();
        if (child == 0) {
            begin(10);
            if (how == 1)
                OK(deleteMSocket(s));
            exit(0);
        }
        finished(child);
        say(t, NAME, "after the child");
        CHECK(pthread_join(thread, NULL) == 0);
    }
    return 0;
}
