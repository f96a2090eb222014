/* Sealed groups: both algorithms; another key, none, and plain frames to a sealed group give nothing but a count and a log
 * line; a name of ip with credentials is sealed, too; credentials are no part of the name; no secret is ever in the log.
 * build: -lhamx
 */
#include "frame.h"

#define PLAIN "ham:opaque:sealed"
#define KEY_A "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define KEY_B "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8"
#define CHACHA PLAIN "/chacha20-poly1305;" KEY_A
#define GCM PLAIN "/aes-256-gcm;" KEY_A
#define SECRET "the secret words of the message"

/* What one process says to the log goes to a file. */
static void log_to(const char *path)
{
    CHECK(setenv("HAM_LOG", "debug", 1) == 0);
    CHECK(freopen(path, "w", stderr) != NULL);
}

static void both_algorithms(void)
{
    static const char *const names[] = {CHACHA, GCM, CHACHA "%3D"};
    uint8_t frame[2048];
    uint64_t before;
    int s, t, fd;
    size_t n;

    configuration("[[map]]\nname = \"" PLAIN "\"\naddresses = [\"239.46.8.8:5000\"]\n");
    s = socket_on("lo");
    t = socket_on("lo");
    fd = bsd_receiver("239.46.8.8", 5000, "lo", NULL);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        OK(join(s, names[i]));
        say(t, names[i], SECRET);
        expect_as(s, SECRET, PLAIN);
        n = next_frame(fd, frame, sizeof frame);
        CHECK(n == HEADER + strlen(SECRET) + SEAL);
        CHECK(frame[0] == 1 && frame[1] == SEALED && frame[3] == (i == 1 ? 2 : 1));
        CHECK(memmem(frame, n, "secret words", 12) == NULL);
        /* Any length, also in fragments, and none. */
        for (size_t length = 0; length <= 65507; length = length * 3 + 1000) {
            static uint8_t message[65507], buffer[65507];
            fill(message, length, (unsigned)length);
            OK(send(t, names[i], length, message));
            CHECK(readable(s, PATIENCE));
            /* The name without credentials is the same group. */
            CHECK(receive(s, PLAIN, sizeof buffer, buffer) == (int)length && filled(buffer, length, (unsigned)length));
        }
        while (recv(fd, frame, sizeof frame, MSG_DONTWAIT) >= 0)
            ;
        /* Plain to the sealed group, the other key, the other algorithm. */
        before = counted(s).refused;
        say(t, PLAIN, "plain");
        say(t, PLAIN "/chacha20-poly1305;" KEY_B, "other key");
        say(t, PLAIN "/aes-256-gcm;" KEY_B, "other key");
        say(t, i == 1 ? CHACHA : GCM, "other algorithm");
        silent(s, 100);
        COUNTS(s, refused, before + 4);
        say(t, names[i], "and again");
        expect_as(s, "and again", PLAIN);
        while (recv(fd, frame, sizeof frame, MSG_DONTWAIT) >= 0)
            ;
        /* It is left by its name. */
        OK(leave(s, i == 0 ? PLAIN : GCM));
        FAILS(leave(s, PLAIN), EADDRNOTAVAIL);
    }
    /* Sealed to one without a key. */
    OK(join(s, PLAIN));
    before = counted(s).refused;
    say(t, CHACHA, "sealed");
    silent(s, 100);
    COUNTS(s, refused, before + 1);
    say(t, PLAIN, "plain");
    expect_as(s, "plain", PLAIN);
}

static void names_of_ip(void)
{
    int s = socket_on("lo"), t = socket_on("lo"), fd = bsd_receiver("239.1.2.3", 5000, "lo", NULL);
    uint8_t frame[2048];

    OK(join(s, "ham:ip:239.1.2.3:5000/aes-256-gcm;" KEY_B));
    say(t, "ham:ip:239.1.2.3:5000/aes-256-gcm;" KEY_B, "sealed to ip");
    expect_as(s, "sealed to ip", "ham:ip:239.1.2.3:5000");
    CHECK(next_frame(fd, frame, sizeof frame) == HEADER + 12 + SEAL && frame[1] == SEALED && frame[3] == 2);
    /* What a BSD program sends there is refused, and so is libham's own without credentials, which is raw. */
    bsd_say("239.1.2.3", 5000, "lo", NULL, "raw");
    say(t, "ham:ip:239.1.2.3:5000", "raw");
    silent(s, 100);
    COUNTS(s, refused, 2);
    CHECK(next_frame(fd, frame, sizeof frame) == 3 && next_frame(fd, frame, sizeof frame) == 3);
    OK(join(s, "ham:ip:[ff15::23]:5000/chacha20-poly1305;" KEY_A));
    say(t, "ham:ip:[ff15::23]:5000/chacha20-poly1305;" KEY_A, "sealed to six");
    expect_as(s, "sealed to six", "ham:ip:[ff15::23]:5000");
    OK(leave(s, "ham:ip:239.1.2.3:5000"));
    OK(join(s, "ham:ip:239.1.2.3:5000"));
    bsd_say("239.1.2.3", 5000, "lo", NULL, "raw again");
    expect_as(s, "raw again", "ham:ip:239.1.2.3:5000");
}

static void by_reference(void)
{
    FILE *file = fopen("b.key", "w");
    int s, t;

    CHECK(file != NULL && fputs(KEY_B "\nanything else\n", file) >= 0 && fclose(file) == 0 && chmod("b.key", 0600) == 0);
    configuration("[keys.a]\nalgorithm = \"chacha20-poly1305\"\nkey = \"" KEY_A "\"\n"
                  "[keys.b]\nalgorithm = \"aes-256-gcm\"\nfile = \"b.key\"\n");
    s = socket_on("lo");
    t = socket_on("lo");
    OK(join(s, PLAIN "/key;a"));
    say(t, CHACHA, "by value");
    expect_as(s, "by value", PLAIN);
    say(t, PLAIN "/key;a", "by reference");
    expect_as(s, "by reference", PLAIN);
    OK(leave(s, PLAIN));
    OK(join(s, PLAIN "/key;b"));
    say(t, PLAIN "/aes-256-gcm;" KEY_B, "from a file");
    expect_as(s, "from a file", PLAIN);
    say(t, PLAIN "/key;a", "another key");
    silent(s, 100);
    COUNTS(s, refused, 2); /* by IPv4 and IPv6 */
    FAILS(join(s, PLAIN "/key;c"), EACCES);
    FAILS(send(t, PLAIN "/key;c", 1, "x"), EACCES);
}

static void not_allowed(void)
{
    static const char *const names[] = {
        PLAIN "/rot13;" KEY_A, PLAIN "/chacha20-poly1305;AAEC", PLAIN "/chacha20-poly1305;" KEY_A "AAAA",
        PLAIN "/aes-256-gcm;%21" KEY_A, PLAIN "/key;nobody", "ham:ip:239.1.2.3:5000/md5;x",
    };
    int s = socket_on("lo");

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        FAILS(join(s, names[i]), EACCES);
        CHECK(strlen(ham_last_error()) > 0 && strstr(ham_last_error(), KEY_A) == NULL && strstr(ham_last_error(), "AAEC") == NULL);
        FAILS(send(s, names[i], 1, "x"), EACCES);
        FAILS(srcRegister(s, names[i], 0, NULL), EACCES);
    }
}

/* The log of all that, which is on debug, has lines on what was refused, but no key and no message. */
static void log_keeps_secrets(const char *path, bool refuses)
{
    static char text[1 << 20];
    FILE *file = fopen(path, "r");
    size_t n;

    CHECK(file != NULL);
    n = fread(text, 1, sizeof text - 1, file);
    text[n] = '\0';
    fclose(file);
    if (n == 0 || strstr(text, KEY_A) != NULL || strstr(text, KEY_B) != NULL || strstr(text, "AAEC") != NULL ||
        strstr(text, "secret words") != NULL || (refuses && strstr(text, PLAIN) == NULL)) {
        printf("the log %s:\n%s\n", path, text);
        exit(1);
    }
}

int main(void)
{
    static void (*const parts[])(void) = {both_algorithms, names_of_ip, by_reference, not_allowed};
    static const char *const logs[] = {"both.log", "ip.log", "reference.log", "denied.log"};
    pid_t child;
    int status;

    begin(50);
    for (int i = 0; i < 4; i++) {
        child = fork();
        if (child == 0) {
            begin(20);
            log_to(logs[i]);
            parts[i]();
            exit(0);
        }
        CHECK(waitpid(child, &status, 0) == child);
        if (status != 0) {
            run("cat %s", logs[i]);
            CHECK(status == 0);
        }
        log_keeps_secrets(logs[i], i == 0);
    }
    return 0;
}
