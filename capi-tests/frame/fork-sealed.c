/* The child of a fork sends to a sealed group on the inherited socket with a sender id of its own, so that no nonce is used
 * twice; all that parent and child send is delivered.
 * build: -lhamx
 */
#include "frame.h"

#define NAME "ham:opaque:forked"
#define KEYED NAME "/aes-256-gcm;AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define EACH 20

/* Sender id and sequence number of the frames that have come, each of them once. */
static uint8_t seen[8 * EACH][24];
static int frames, senders;

static void look_at(int fd)
{
    uint8_t frame[2048];
    size_t n;
    int i;

    while ((n = next_frame(fd, frame, sizeof frame)) > 0) {
        bool known = false;
        CHECK(n > HEADER && frame[1] == SEALED && frames < 8 * EACH);
        for (i = 0; i < frames; i++) {
            CHECK(memcmp(seen[i], frame + 20, 24) != 0);
            known |= memcmp(seen[i], frame + 20, 16) == 0;
        }
        senders += !known;
        memcpy(seen[frames++], frame + 20, 24);
    }
}

static void sends(int s, const char *who)
{
    char text[32];

    for (int i = 0; i < EACH; i++) {
        snprintf(text, sizeof text, "%s %d", who, i);
        say(s, KEYED, text);
    }
}

int main(void)
{
    struct timeval wait = {0, 300000};
    int s, r, fd, heard[3] = {0};
    pid_t child;
    int n;

    begin(30);
    configuration("[[map]]\nname = \"" NAME "\"\naddresses = [\"239.46.7.7:5000\"]\n");
    fd = bsd_receiver("239.46.7.7", 5000, "lo", NULL);
    CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) == 0);
    s = socket_on("lo");
    r = socket_on("lo");
    OK(join(r, KEYED));
    sends(s, "before");
    child = fork();
    if (child == 0) {
        pid_t grandchild;
        begin(20);
        sends(s, "child");
        /* Sent from two processes at once, and from a child of the child. */
        grandchild = fork();
        if (grandchild == 0)
            sends(s, "grandchild");
        else
            finished(grandchild);
        exit(0);
    }
    sends(s, "parent");
    finished(child);
    look_at(fd);
    CHECK(frames == 4 * EACH);
    CHECK(senders == 3);
    for (int i = 0; i < 4 * EACH; i++) {
        CHECK(readable(r, PATIENCE));
        n = receive(r, NULL, sizeof test_buffer, test_buffer);
        CHECK(n > 6);
        heard[test_buffer[0] == 'c' ? 0 : test_buffer[0] == 'g' ? 1 : 2]++;
    }
    silent(r, 50);
    CHECK(heard[0] == EACH && heard[1] == EACH && heard[2] == 2 * EACH);
    CHECK(counted(r).refused == 0 && counted(r).duplicates == 0 && counted(r).lost == 0);

    /* A child that has sent nothing before, of a parent that has sent nothing. */
    OK(deleteMSocket(s));
    s = socket_on("lo");
    child = fork();
    if (child == 0) {
        sends(s, "child");
        exit(0);
    }
    sends(s, "parent");
    finished(child);
    look_at(fd);
    CHECK(frames == 6 * EACH && senders == 5);
    return 0;
}
