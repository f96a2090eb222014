/* A group joined at one Interface is not heard from another, although another process joined it there.
 * network: pair
 */
#include "test.h"

static void family(const char *group, const char *name)
{
    int s, fd;
    pid_t child;

    fd = bsd_receiver(group, 5000, "lo", NULL);
    s = socket_on("eth0");
    OK(join(s, name));
    bsd_say(group, 5000, "lo", NULL, "on lo");
    bsd_expect(fd, "on lo");
    silent(s, 200);

    child = fork();
    if (child == 0) {
        begin(20);
        enter("peer");
        bsd_say(group, 5000, "eth0", NULL, "on eth0");
        exit(0);
    }
    finished(child);
    expect(s, NULL, "on eth0");
    silent(s, 50);
    close(fd);
    OK(deleteMSocket(s));
}

int main(void)
{
    begin(30);
    family("239.1.2.3", "ham:ip:239.1.2.3:5000");
    family("ff15::23", "ham:ip:[ff15::23]:5000");
    return 0;
}
