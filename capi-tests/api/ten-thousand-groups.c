/* One socket joins 10,000 IPv4 groups within a limit of 1,024 descriptors and the system's own limits, and hears each of them.
 * timeout: 120
 */
#include "test.h"

#define GROUPS 10000

static bool heard[GROUPS];

static void group_name(char *name, char *group, int i)
{
    sprintf(group, "239.%d.%d.%d", 10 + i / 40000, i / 250 % 160, i % 250 + 1);
    sprintf(name, "ham:ip:%s:5000", group);
}

int main(void)
{
    struct rlimit limit = {1024, 1024};
    char name[64], group[32];
    int s, fd;
    int64_t start;

    begin(100);
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    s = socket_on("lo");
    start = now_ms();
    for (int i = 0; i < GROUPS; i++) {
        group_name(name, group, i);
        OK(join(s, name));
    }
    printf("%d groups joined in %d ms, %d descriptors\n", GROUPS, (int)(now_ms() - start), open_descriptors());

    fd = bsd_sender("239.1.2.3", "lo", "127.0.0.1", 1);
    for (int first = 0; first < GROUPS; first += 250) {
        for (int i = first; i < first + 250; i++) {
            group_name(name, group, i);
            bsd_send(fd, group, 5000, group, strlen(group));
        }
        /* One of them by name; then all, in whatever order the groups come. */
        group_name(name, group, first + 77);
        expect(s, name, group);
        heard[first + 77] = true;
        for (int i = 1; i < 250; i++) {
            int n, k;
            CHECK(readable(s, PATIENCE));
            n = receive(s, NULL, sizeof test_buffer - 1, test_buffer);
            CHECK(n > 0);
            test_buffer[n] = '\0';
            for (k = first; k < first + 250; k++) {
                group_name(name, group, k);
                if (!heard[k] && strcmp(test_buffer, group) == 0)
                    break;
            }
            CHECK(k < first + 250);
            heard[k] = true;
        }
    }
    silent(s, 20);
    /* A foreign group, and one that is left. */
    bsd_receiver("239.9.9.9", 5000, "lo", NULL);
    bsd_send(fd, "239.9.9.9", 5000, "foreign", 7);
    group_name(name, group, 4321);
    OK(leave(s, name));
    bsd_send(fd, group, 5000, "left", 4);
    silent(s, 100);
    group_name(name, group, 4322);
    say(s, name, "to it");
    expect(s, name, "to it");

    start = now_ms();
    OK(deleteMSocket(s));
    printf("deleted in %d ms\n", (int)(now_ms() - start));
    run("test $(ip maddr show dev lo | grep -c 'inet  *239') = 1");
    return 0;
}
