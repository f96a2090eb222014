/* receive() of a child ends with EBADF, and does not wait or spin for ever, when the parent deletes the multicast socket: both
 * a call that waits already and one that comes later.
 */
#include "test.h"

static const char *const names[] = {"ham:ip:239.1.2.3:5000", "ham:ip:[ff15::23]:5000", "ham:ip:239.1.2.4:5001"};

int main(void)
{
    begin(40);
    for (int groups = 1; groups <= 3; groups++)
        for (int later = 0; later < 2; later++) {
            int s = socket_on("lo"), ready[2], go[2];
            pid_t child;
            char c;

            CHECK(pipe(ready) == 0 && pipe(go) == 0);
            for (int i = 0; i < groups; i++)
                OK(join(s, names[i]));
            child = fork();
            if (child == 0) {
                begin(20);
                CHECK(write(ready[1], "r", 1) == 1);
                if (later)
                    CHECK(read(go[0], &c, 1) == 1);
                FAILS(receive(s, NULL, 1, &c), EBADF);
                FAILS(receive(s, NULL, 1, &c), EBADF);
                exit(0);
            }
            CHECK(read(ready[0], &c, 1) == 1);
            pause_ms(later ? 0 : 200);
            OK(deleteMSocket(s));
            CHECK(write(go[1], "g", 1) == 1);
            finished(child);
            close(ready[0]), close(ready[1]), close(go[0]), close(go[1]);
        }
    return 0;
}
