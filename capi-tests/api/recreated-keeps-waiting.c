/* Messages that wait to be received when the device is deleted and made again are kept, with one group and with very many.
 * network: pair
 * timeout: 90
 */
#include "test.h"

#define WAITING 10

static char names[70][32];

/* How many groups of ours the kernel lists. */
static int memberships(void)
{
    char line[256];
    int n = 0;
    FILE *list = fopen("/proc/net/igmp", "r");

    CHECK(list != NULL);
    while (fgets(line, sizeof line, list) != NULL)
        n += strstr(line, "0102EF ") != NULL;
    fclose(list);
    return n;
}

static void wait_memberships(int count)
{
    int64_t end = now_ms() + PATIENCE;
    while (memberships() != count && now_ms() < end)
        pause_ms(10);
    CHECK(memberships() == count);
}

int main(void)
{
    static const int counts[] = {1, 70};
    char text[16];

    begin(80);
    for (int i = 0; i < 70; i++)
        snprintf(names[i], sizeof names[i], "ham:ip:239.2.1.%d:5000", i + 1);
    for (int i = 0; i < 4; i++) {
        int count = counts[i % 2], s = socket_on("eth0"), read = i / 2 * 3;

        for (int k = 0; k < count; k++)
            OK(join(s, names[k]));
        for (int k = 0; k < WAITING; k++) {
            snprintf(text, sizeof text, "%d", k);
            say(s, names[0], text);
        }
        for (int k = 0; k < WAITING; k++) {
            if (k == read) {
                run("ip link del eth0 && ip link add eth0 type veth peer name eth0 netns peer && "
                    "ip addr add 10.46.0.1/24 dev eth0 && ip link set eth0 up && ip -n peer link set eth0 up");
                wait_memberships(count);
                pause_ms(200);
            }
            snprintf(text, sizeof text, "%d", k);
            expect(s, NULL, text);
        }
        silent(s, 20);
        say(s, names[count - 1], "new");
        expect(s, NULL, "new");
        OK(deleteMSocket(s));
    }
    return 0;
}
