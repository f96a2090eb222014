/* Says how many devices there are whenever that is another number, until it is ended. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

extern int sister_devices(void);

int main(void)
{
    int before = -1;
    for (;;) {
        errno = EXDEV;
        int now = sister_devices();
        if (now < 0 || errno != EXDEV) {
            printf("%d, and errno %d\n", now, errno);
            return 1;
        }
        if (now != before) {
            printf("%d\n", now);
            fflush(stdout);
        }
        before = now;
        usleep(2000);
    }
}
