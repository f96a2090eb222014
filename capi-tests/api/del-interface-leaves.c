/* delInterface() ends the kernel's memberships there, whatever was received before and by which name. */
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

int main(void)
{
    begin(30);
    for (int how = 0; how < 4; how++) {
        int64_t end;
        int s = socket_on("lo");
        OK(join(s, NAME));
        OK(join(s, SIX));
        CHECK(four() && six());
        if (how > 0)
            for (int i = 0; i < 100; i++) {
                say(s, NAME, "four");
                say(s, SIX, "six");
            }
        /* 0: nothing was sent; 1: nothing of it received; 2: all; 3: by name, and some. */
        if (how == 2)
            for (int i = 0; i < 200; i++)
                CHECK(receive(s, NULL, sizeof test_buffer, test_buffer) > 0);
        if (how == 3)
            for (int i = 0; i < 30; i++) {
                expect(s, NAME, "four");
                expect(s, SIX, "six");
            }
        OK(delInterface(s, index_of("lo")));
        end = now_ms() + PATIENCE;
        while ((four() || six()) && now_ms() < end)
            pause_ms(5);
        CHECK(!four() && !six());

        /* Back again, and everything as it was. */
        OK(addInterface(s, index_of("lo")));
        CHECK(four() && six());
        say(s, NAME, "back");
        do
            CHECK(receive(s, NULL, sizeof test_buffer, test_buffer) > 0);
        while (memcmp(test_buffer, "back", 4) != 0);
        OK(deleteMSocket(s));
    }
    return 0;
}
