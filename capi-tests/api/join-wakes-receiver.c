/* A receiver that waits already hears a group that another thread joins, and an Interface that another thread adds.
 * build: -pthread
 * network: pair
 */
#include "test.h"

#define NAME "ham:ip:239.1.2.3:5000"

static int s;

static void *receiver(void *text)
{
    char buffer[100];
    int n = receive(s, NULL, sizeof buffer, buffer);
    CHECK(n == (int)strlen(text) && memcmp(buffer, text, strlen(text)) == 0);
    return NULL;
}

static void from_peer(const char *group, const char *text)
{
    pid_t child = fork();
    if (child == 0) {
        enter("peer");
        bsd_say(group, 5000, "eth0", NULL, text);
        _exit(0);
    }
    finished(child);
}

int main(void)
{
    pthread_t thread;

    begin(30);
    s = socket_on("lo");
    CHECK(pthread_create(&thread, NULL, receiver, "joined later") == 0);
    pause_ms(200);
    OK(join(s, NAME));
    bsd_say("239.1.2.3", 5000, "lo", NULL, "joined later");
    CHECK(pthread_join(thread, NULL) == 0);

    CHECK(pthread_create(&thread, NULL, receiver, "added later") == 0);
    pause_ms(200);
    from_peer("239.1.2.3", "not yet");
    OK(addInterface(s, index_of("eth0")));
    from_peer("239.1.2.3", "added later");
    CHECK(pthread_join(thread, NULL) == 0);

    CHECK(pthread_create(&thread, NULL, receiver, "sixth sense") == 0);
    pause_ms(200);
    OK(join(s, "ham:ip:[ff15::23]:5000"));
    from_peer("ff15::23", "sixth sense");
    CHECK(pthread_join(thread, NULL) == 0);
    return 0;
}
