/* The join with which a socket gets more groups than the kernel's socket holds by itself loses no message: neither those that wait
 * in the kernel nor those that were read ahead.
 */
#include "test.h"

#define GROUPS 64

static char names[GROUPS + 16][32];

int main(void)
{
    char text[16];

    begin(30);
    for (int i = 0; i < GROUPS + 16; i++)
        snprintf(names[i], sizeof names[i], "ham:ip:239.2.1.%d:5000", i + 1);

    /* `read` of 100 messages are received before; then the others, in order. */
    for (int read = 0; read <= 20; read += 20) {
        int s = socket_on("lo");
        for (int i = 0; i < GROUPS; i++)
            OK(join(s, names[i]));
        for (int i = 0; i < 100; i++) {
            snprintf(text, sizeof text, "%d", i);
            say(s, names[0], text);
        }
        for (int i = 0; i < 100; i++) {
            if (i == read)
                for (int k = GROUPS; k < GROUPS + 16; k++)
                    OK(join(s, names[k]));
            snprintf(text, sizeof text, "%d", i);
            expect(s, NULL, text);
        }
        silent(s, 20);
        say(s, names[GROUPS + 15], "new");
        expect(s, names[GROUPS + 15], "new");
        OK(deleteMSocket(s));
    }

    /* A message in each group; after the join each is still its group's. */
    for (int by_name = 0; by_name < 2; by_name++) {
        bool heard[GROUPS] = {false};
        int s = socket_on("lo");
        for (int i = 0; i < GROUPS; i++)
            OK(join(s, names[i]));
        for (int i = 0; i < GROUPS; i++)
            say(s, names[i], names[i]);
        OK(join(s, names[GROUPS]));
        for (int i = GROUPS - 1; i >= 0; i--) {
            int n, which;
            if (by_name) {
                expect(s, names[i], names[i]);
                continue;
            }
            CHECK(readable(s, PATIENCE));
            n = receive(s, NULL, sizeof test_buffer - 1, test_buffer);
            CHECK(n > 0);
            test_buffer[n] = '\0';
            for (which = 0; which < GROUPS && strcmp(test_buffer, names[which]) != 0;)
                which++;
            CHECK(which < GROUPS && !heard[which]);
            heard[which] = true;
        }
        silent(s, 20);
        OK(deleteMSocket(s));
    }
    return 0;
}
