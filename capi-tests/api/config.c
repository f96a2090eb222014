/* The configuration file and its overrides by environment variables: port, ttl, loopback, default Interfaces.
 * network: pair
 */
#include "test.h"

static void file(const char *text)
{
    FILE *out = fopen("ham.toml", "w");
    CHECK(out != NULL && fputs(text, out) >= 0 && fclose(out) == 0);
    setenv("HAM_CONFIG", "ham.toml", 1);
}

static void ttl_is(int value)
{
    uint8_t ttl = 0;
    int s = socket_on("lo");
    OK(getTTL(s, &ttl));
    CHECK(ttl == value);
    OK(deleteMSocket(s));
}

static void from_file(void)
{
    uint32_t *ifs;
    size_t n;
    int s, t;

    file("[ip]\nport = 6001\nttl = 5\nloopback = true\nreceive_buffer = 200000\ninterfaces = [\"lo\"]\n[log]\nlevel = \"off\"\n");
    ttl_is(5);
    OK(createMSocket(&s, 0, NULL));
    OK(getInterfaces(s, &n, &ifs));
    CHECK(n == 1 && ifs[0] == index_of("lo"));
    t = socket_on("lo");
    OK(join(s, "ham:ip:239.1.2.3"));
    say(t, "ham:ip:239.1.2.3:6001", "by file");
    expect(s, NULL, "by file");
}

static void environment_over_file(void)
{
    file("[ip]\nttl = 5\n");
    setenv("HAM_TTL", "6", 1);
    ttl_is(6);
}

static void loopback_off(void)
{
    int s;

    setenv("HAM_LOOPBACK", "0", 1);
    s = socket_on("eth0");
    OK(join(s, "ham:ip:239.1.2.3:5000"));
    say(s, "ham:ip:239.1.2.3:5000", "to nobody here");
    silent(s, 100);
    bsd_say("239.1.2.3", 5000, "eth0", NULL, "others loop");
    expect(s, NULL, "others loop");
}

static void default_interfaces(void)
{
    uint32_t *ifs;
    size_t n;
    int s;

    setenv("HAM_INTERFACES", "lo,eth0", 1);
    OK(createMSocket(&s, 0, NULL));
    OK(getInterfaces(s, &n, &ifs));
    CHECK(n == 2 && ifs[0] == index_of("lo") && ifs[1] == index_of("eth0"));
}

static void user_file(void)
{
    FILE *out;

    run("mkdir -p home/ham");
    out = fopen("home/ham/ham.toml", "w");
    CHECK(out != NULL && fputs("[ip]\nttl = 8\n", out) >= 0 && fclose(out) == 0);
    unsetenv("HAM_CONFIG");
    {
        char path[4096];
        CHECK(getcwd(path, sizeof path - 10) != NULL);
        strcat(path, "/home");
        setenv("XDG_CONFIG_HOME", path, 1);
    }
    ttl_is(8);
}

int main(void)
{
    void (*const cases[])(void) = {from_file, environment_over_file, loopback_off, default_interfaces, user_file};

    begin(40);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pid_t child = fork();
        if (child == 0) {
            begin(10);
            cases[i]();
            exit(0);
        }
        finished(child);
    }
    return 0;
}
