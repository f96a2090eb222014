/* A message of no bytes is a message: it is sent, wakes, and is received as 0. */
#include "test.h"

static void family(const char *name, const char *group)
{
    int s = socket_on("lo"), fd = bsd_receiver(group, 5000, "lo", NULL);
    char c = '#';

    OK(join(s, name));
    OK(send(s, name, 0, ""));
    CHECK(readable(s, PATIENCE));
    errno = 4711;
    CHECK(receive(s, NULL, 1, &c) == 0 && c == '#' && errno == 4711);
    bsd_expect(fd, "");
    OK(send(s, name, 0, NULL));
    CHECK(readable(s, PATIENCE));
    CHECK(receive(s, name, 0, NULL) == 0);
    bsd_say(group, 5000, "lo", NULL, "");
    CHECK(readable(s, PATIENCE));
    CHECK(receive(s, NULL, 0, NULL) == 0);
    CHECK(!readable(s, 50));
    close(fd);
    OK(deleteMSocket(s));
}

int main(void)
{
    begin(30);
    family("ham:ip:239.1.2.3:5000", "239.1.2.3");
    family("ham:ip:[ff15::23]:5000", "ff15::23");
    return 0;
}
