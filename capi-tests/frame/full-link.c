/* On a link that takes nothing for minutes: a non-blocking send to a group with bundles does not wait for the bundle before it,
 * deleteMSocket does not wait for the bundle that is begun, and it wakes a thread that sends a large message. Each of these would
 * outlast the watchdog.
 * build: -lhamx -pthread
 * network: pair
 */
#include "frame.h"

#define NAME "ham:opaque:full-link"

static uint8_t large[60000];

/* A socket, and so much on the way by it that nothing more fits. */
static int full(const char *bundle_us)
{
    uint32_t four = HAM_IPV4(index_of("eth0"));
    int s, sent;

    CHECK(setenv("HAM_SEND_BUFFER", "4096", 1) == 0 && setenv("HAM_BUNDLE", bundle_us, 1) == 0);
    OK(createMSocket(&s, 1, &four));
    nonblocking(s, true);
    for (sent = 0; send(s, NAME, sizeof large, large) == 0; sent++)
        CHECK(sent < 100);
    CHECK(errno == EAGAIN && sent > 0);
    return s;
}

static void bundle_that_is_begun(void)
{
    int s = full("1000000");

    /* It is taken, for it need not go yet. */
    say(s, NAME, "hello");
    OK(deleteMSocket(s));
}

static void bundle_before_it(void)
{
    int s = full("2000"), again = 0;

    /* When the delay is over there is no room for the bundle. */
    for (int i = 0; i < 300; i++) {
        if (send(s, NAME, 5, "hello") != 0) {
            CHECK(errno == EAGAIN);
            again++;
        }
        pause_ms(1);
    }
    printf("%d EAGAIN\n", again);
    OK(deleteMSocket(s));
}

static void *sends(void *socket)
{
    FAILS(send(*(int *)socket, NAME, sizeof large, large), EBADF);
    return NULL;
}

static void thread_that_sends(void)
{
    int s = full("0");
    pthread_t thread;

    nonblocking(s, false);
    CHECK(pthread_create(&thread, NULL, sends, &s) == 0);
    pause_ms(200);
    OK(deleteMSocket(s));
    CHECK(pthread_join(thread, NULL) == 0);
}

int main(void)
{
    static void (*const parts[])(void) = {bundle_that_is_begun, bundle_before_it, thread_that_sends};
    pid_t child;
    int status = 0, failed = 0;

    begin(50);
    if (system("tc qdisc replace dev eth0 root tbf rate 1kbit burst 2k limit 20m") != 0)
        skip("the kernel has no tbf");
    for (int i = 0; i < 3; i++) {
        child = fork();
        if (child == 0) {
            begin(12);
            parts[i]();
            exit(0);
        }
        CHECK(waitpid(child, &status, 0) == child);
        printf("part %d: %s\n", i, status == 0 ? "as it should be" : "not so");
        failed += status != 0;
    }
    return failed != 0;
}
