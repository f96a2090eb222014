/* Bundles across a fork: what the parent has begun goes out once, by the parent; what the child sends on the inherited socket
 * goes out after the delay, and when the child deletes the socket.
 * build: -lhamx
 */
#include "frame.h"

#define NAME "ham:opaque:forked-bundle"

/* Just these messages come, in whatever order. */
static void all(int r, const char *const *wanted, int count)
{
    bool here[8] = {false};
    int64_t end = now_ms() + PATIENCE;
    int i, n, heard = 0;

    nonblocking(r, true);
    while (heard < count && now_ms() < end) {
        n = receive(r, NULL, sizeof test_buffer, test_buffer);
        if (n == -1) {
            CHECK(errno == EAGAIN);
            readable(r, 10);
            continue;
        }
        for (i = 0; i < count && (here[i] || (int)strlen(wanted[i]) != n || memcmp(wanted[i], test_buffer, (size_t)n) != 0); i++)
            ;
        if (i == count) {
            fprintf(stderr, "unwanted: \"%.*s\"\n", n, test_buffer);
            exit(1);
        }
        here[i] = true;
        heard++;
    }
    for (i = 0; i < count; i++)
        if (!here[i]) {
            fprintf(stderr, "missing: \"%s\"\n", wanted[i]);
            exit(1);
        }
    silent(r, 300);
}

int main(void)
{
    static const char *const delayed[] = {"one", "two", "child", "three"};
    static const char *const deleted[] = {"four", "child again", "five"};
    pid_t child;
    int s, r;

    begin(30);
    CHECK(setenv("HAM_BUNDLE", "200000", 1) == 0);
    s = socket_on("lo");
    r = socket_on("lo");
    OK(join(r, NAME));
    say(s, NAME, "one");
    say(s, NAME, "two");
    child = fork();
    if (child == 0) {
        begin(10);
        say(s, NAME, "child");
        pause_ms(500);
        exit(0);
    }
    say(s, NAME, "three");
    finished(child);
    all(r, delayed, 4);

    say(s, NAME, "four");
    child = fork();
    if (child == 0) {
        begin(10);
        say(s, NAME, "child again");
        OK(deleteMSocket(s));
        exit(0);
    }
    finished(child);
    say(s, NAME, "five");
    all(r, deleted, 3);
    return 0;
}
