/* When the parent leaves a group or deletes the multicast socket, the kernel's membership ends although a child holds copies of the
 * descriptors.
 */
#include "test.h"

#define NAME "ham:ip:239.1.2.3:5000"
#define SIX "ham:ip:[ff15::23]:5000"

static bool listed(const char *file, const char *group)
{
    char line[256];
    bool found = false;
    FILE *list = fopen(file, "r");

    CHECK(list != NULL);
    while (fgets(line, sizeof line, list) != NULL)
        found = found || strstr(line, group) != NULL;
    fclose(list);
    return found;
}

static bool four(void) { return listed("/proc/net/igmp", "030201EF"); }
static bool six(void) { return listed("/proc/net/igmp6", "ff150000000000000000000000000023"); }

static void not_member(void)
{
    int64_t end = now_ms() + PATIENCE;
    while ((four() || six()) && now_ms() < end)
        pause_ms(5);
    CHECK(!four() && !six());
}

int main(void)
{
    begin(50);
    for (int how = 0; how < 4; how++) {
        bool deletes = how % 2 == 1, received = how >= 2;
        int s = socket_on("lo"), go[2];
        pid_t child;
        char c;

        CHECK(pipe(go) == 0);
        OK(join(s, NAME));
        OK(join(s, SIX));
        CHECK(four() && six());
        if (received) {
            say(s, NAME, "x");
            expect(s, NULL, "x");
        }
        child = fork();
        if (child == 0) {
            begin(20);
            CHECK(read(go[0], &c, 1) == 1);
            exit(0);
        }
        if (deletes) {
            OK(deleteMSocket(s));
        } else {
            OK(leave(s, NAME));
            OK(leave(s, SIX));
        }
        not_member();
        if (!deletes) {
            /* The parent's socket is as good as before. */
            OK(join(s, NAME));
            say(s, NAME, "again");
            expect(s, NULL, "again");
            OK(deleteMSocket(s));
            not_member();
        }
        CHECK(write(go[1], "g", 1) == 1);
        finished(child);
        close(go[0]), close(go[1]);
    }
    return 0;
}
